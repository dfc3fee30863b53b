// The Claude Code plugin with the real Claude Code, and the skill with the packed command line.
import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NPM } from './tools.mjs';

/** Claude Code as it is installed by test/real-clis/install.mjs; undefined where it is not. */
export async function realClaude(root) {
  const path = join(root, '.real-clis/node_modules/.bin/claude');
  return access(path).then(
    () => path,
    () => undefined,
  );
}

/** Claude Code on a machine, kept from going anywhere: what is run of it here asks no model. */
function claudeOn(machine, claude, bin) {
  const env = {
    ...machine.env,
    PATH: [bin, machine.env.PATH].filter(Boolean).join(':'),
    // The discard port: nobody answers there.
    ANTHROPIC_BASE_URL: 'http://127.0.0.1:9',
    ANTHROPIC_API_KEY: 'none',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_AUTOUPDATER: '1',
    DISABLE_ERROR_REPORTING: '1',
    DISABLE_TELEMETRY: '1',
  };
  return (...args) => machine.run({ command: claude, args, env });
}

/** Claude Code finds nothing to complain of: not an unknown field, not a missing one. */
export async function proveValid(machine, { claude, root }) {
  const run = claudeOn(machine, claude);
  for (const path of ['.claude-plugin/marketplace.json', 'plugin', 'plugin/skills']) {
    await run('plugin', 'validate', '--strict', join(root, path));
  }
}

/**
 * Claude Code installs the plugin from the checkout, and reaches its server. `npx` is the real one, except that it has
 * the tarball in the place of the package that nobody has published yet.
 */
export async function proveInstalled(machine, { claude, root, tarball }) {
  const bin = join(machine.root, 'bin');
  await mkdir(bin);
  const script = `[ "$*" = "-y sidejob" ] || { echo "called with: $*" >&2; exit 1; }
exec '${machine.node}' '${NPM.npx}' -y 'file:${tarball}'
`;
  await writeFile(join(bin, 'npx'), `#!/bin/sh\n${script}`, { mode: 0o755 });
  const run = claudeOn(machine, claude, bin);
  await run('plugin', 'install', 'sidejob', '--marketplace', root);
  const servers = await run('mcp', 'list');
  if (!/^plugin:sidejob:sidejob: .*✔ Connected$/m.test(servers)) throw new Error(`claude mcp list says: ${servers}`);
  const details = await run('plugin', 'details', 'sidejob@sidejob');
  if (!/Skills \(1\) +sidejob\b/.test(details)) throw new Error(`claude plugin details says: ${details}`);
  return /Always-on: +(~\d+ tok)/.exec(details)?.[1];
}

/** What a skill names: tools, and commands, each with its options (`{ submit: ['--access'] }`). */
export function namedIn(skill) {
  const commands = {};
  for (const [, name, rest] of skill.matchAll(/`(?:npx -y )?sidejob ([a-z]+)([^`\n]*)`/g)) {
    commands[name] = [...new Set([...(commands[name] ?? []), ...(rest.match(/--[a-z-]+/g) ?? [])])];
  }
  return { tools: [...new Set(skill.match(/\bllm_[a-z_]+[a-z]/g))].sort(), commands };
}

/** Names no tool that the server does not have. */
export async function proveSkillTools(root, tools) {
  const { tools: named } = namedIn(await readFile(join(root, 'plugin/skills/sidejob/SKILL.md'), 'utf8'));
  const unknown = named.filter((name) => !tools.includes(name));
  if (unknown.length > 0) throw new Error(`there is no ${unknown.join(', ')}`);
  return `${named.length} tools`;
}

/** @returns the commands and options that the skill names and the packed command line does not have */
export async function commandsMissing(machine, { root, tarball }) {
  const { commands } = namedIn(await readFile(join(root, 'plugin/skills/sidejob/SKILL.md'), 'utf8'));
  const help = await machine.run(machine.npx(tarball, 'help'));
  const missing = [];
  for (const [name, options] of Object.entries(commands)) {
    if (!new RegExp(`^ +${name}\\b`, 'm').test(help)) missing.push(name);
    else if (options.length > 0) {
      const own = await machine.run(machine.npx(tarball, name, '--help'));
      missing.push(...options.filter((option) => !own.includes(option)).map((option) => `${name} ${option}`));
    }
  }
  return missing;
}
