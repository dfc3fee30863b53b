// npm run demo: watch jobs survive the death of their server. It starts the built server as any MCP client would,
// kills it with SIGKILL in the middle of the work, and has another one report how every job ended. Exit status 1 if
// anything is not as promised. It works in a temporary folder and removes it.
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { realJob } from './demo/real-job.mjs';
import { hideCursor, paint, say } from './demo/screen.mjs';
import { cancelAll, closeServers, SERVER, startServer } from './demo/server.mjs';
import { survival } from './demo/survival.mjs';

const USAGE = `Usage: npm run demo [-- --provider NAME]

  --provider NAME   afterwards the same with a real CLI: claude, codex or gemini.
                    One short question; it uses your login, so it may cost money or quota.
`;

/** The real CLIs on this machine, and how to try one: it is never done unasked, because it may cost money. */
async function offerRealClis(server) {
  const { providers } = await server.call('llm_providers');
  const real = providers.filter(({ name }) => name !== 'demo');
  const there = real.filter(({ status }) => status !== 'not_installed');
  const words = { ready: 'ready', not_logged_in: 'no sign of a login' };
  say(`The same with a real CLI (${real.map(({ name }) => name).join(', ')}); it may cost money or quota:`);
  say(`   npm run demo -- --provider ${there[0]?.name ?? 'claude'}`);
  const found = there.map(({ name, status }) => `${name} (${words[status]})`).join(', ');
  say(there.length > 0 ? `   Found here: ${found}.` : '   None of them was found here.');
}

function sayHowToInstall() {
  const command = `node ${relative(process.cwd(), SERVER)}`;
  say(`\nTo enter Sidejob in your client:`);
  for (const client of ['claude-code', 'claude-desktop', 'cursor']) say(`   ${command} mcp install ${client}`);
  say('It shows the change and keeps a backup; with --dry-run it writes nothing.');
  say('VS Code, Codex, Gemini CLI and others: see README.md.');
}

/** @throws if there is no such CLI here: said before anything else is shown */
async function checkProvider(provider, home, signal) {
  const server = await startServer(home, signal);
  const { providers } = await server.call('llm_providers', { provider });
  const [{ status, remedy }] = providers;
  if (status === 'not_installed') throw new Error(`${provider} is not installed. To install it: ${remedy}`);
  await closeServers();
}

async function run(provider, home, signal) {
  if (provider) await checkProvider(provider, home, signal);
  say(paint('bold', 'Sidejob: background jobs that outlive their server\n'));
  const { server, broken } = await survival(home, signal);
  if (provider) broken.push(...(await realJob(provider, home, signal)));
  else await offerRealClis(server);
  for (const what of broken) say(paint('red', `Not as promised: ${what}`));
  sayHowToInstall();
  return broken.length === 0 ? 0 : 1;
}

/** Runs the demo and cleans up after it, however it ends. Returns the exit status. */
async function main({ provider }) {
  if (!existsSync(SERVER)) {
    console.error(`${SERVER} is missing: run "npm run build" first.`);
    return 1;
  }
  const home = await mkdtemp(join(tmpdir(), 'sidejob-demo-'));
  const showCursor = hideCursor();
  const interrupted = new AbortController();
  let status = 1;
  for (const [signal, number] of Object.entries({ SIGINT: 2, SIGTERM: 15, SIGHUP: 1 })) {
    process.on(signal, () => {
      status = 128 + number;
      interrupted.abort();
    });
  }
  // A reader that has gone (`| head`) breaks it off, and must not keep it from cleaning up.
  process.stdout.on('error', () => interrupted.abort());
  try {
    status = await run(provider, home, interrupted.signal);
  } catch (error) {
    if (interrupted.signal.aborted) say('\nBroken off; cleaning up.');
    else console.error(`The demo failed: ${error.message}`);
  } finally {
    showCursor();
    await closeServers();
    await cancelAll(home).catch((error) => console.error(`Jobs may be left in ${home}: ${error.message}`));
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  }
  return status;
}

/** The command line; undefined if it is wrong. */
function readArguments() {
  try {
    return parseArgs({ options: { provider: { type: 'string' }, help: { type: 'boolean', short: 'h' } } }).values;
  } catch (error) {
    console.error(`${error.message}\n\n${USAGE}`);
    return undefined;
  }
}

const options = readArguments();
if (options?.help) process.stdout.write(USAGE);
else process.exitCode = options ? await main(options) : 2;
