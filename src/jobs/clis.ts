// Which of the CLIs are there and seem to be logged in, told without running them: version probes are slow,
// and some of them phone home.
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import type { Config } from '../config/config.js';
import { type FoundCommand, findCommand, isExecutable } from '../process/find-command.js';
import type { Provider } from '../providers/provider.js';
import type { Engine } from './engine.js';

export type Readiness = 'ready' | 'not_logged_in' | 'not_installed';

/** The CLI's executable: where the configuration says, else on PATH, else on the login shell's PATH. */
export async function findCli(
  provider: Provider,
  config: Config,
  env: NodeJS.ProcessEnv,
): Promise<FoundCommand | undefined> {
  const given = config.providers[provider.name]?.command ?? (provider.command.startsWith('/') ? provider.command : '');
  if (!given) return findCommand(provider.command, env);
  // What it needs itself (a `node` for its `#!` line) usually lies beside it.
  const searchPath = [dirname(given), env.PATH].filter(Boolean).join(delimiter);
  return (await isExecutable(given)) ? { path: given, searchPath, via: 'config' } : undefined;
}

/**
 * What can be told of a login from outside: a variable that holds a key, or a file that a login leaves. The CLI
 * itself may know better (a keychain), so this decides the default provider and nothing else.
 */
export async function loginSign(provider: Provider, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  if (provider.readyEnv.length + provider.readyFiles.length === 0) return 'none needed';
  const variable = provider.readyEnv.find((name) => env[name]);
  if (variable) return variable;
  for (const { file, contains } of provider.readyFiles) {
    const text = await readFile(join(env.HOME ?? homedir(), file), 'utf8').catch(() => undefined);
    if (text !== undefined && (contains === undefined || text.includes(contains))) return `~/${file}`;
  }
  return undefined;
}

/** Whether a provider could be used right now, as far as can be told without running it. */
export async function readinessOf(engine: Engine, provider: Provider): Promise<Readiness> {
  if (!(await engine.findCli(provider))) return 'not_installed';
  return (await loginSign(provider, engine.env)) === undefined ? 'not_logged_in' : 'ready';
}
