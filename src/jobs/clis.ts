// Which of the CLIs are there and seem to be logged in, told without running them: version probes are slow,
// and some of them phone home.
import { readFile } from 'node:fs/promises';
import { delimiter, dirname, isAbsolute } from 'node:path';
import type { Config } from '../config/config.js';
import { type FoundCommand, findCommand, isExecutable } from '../process/find-command.js';
import type { Login, Provider } from '../providers/provider.js';
import type { Engine } from './engine.js';
import { locate } from './user-file.js';

export type Readiness = 'ready' | 'not_logged_in' | 'not_installed';

/**
 * The CLI's executable: where the configuration says, else on PATH, else on the login shell's PATH.
 * @param env what the CLI gets of the environment
 */
export async function findCli(
  provider: Provider,
  config: Config,
  env: NodeJS.ProcessEnv,
): Promise<FoundCommand | undefined> {
  const command = config.providers[provider.name]?.command ?? provider.command;
  if (!isAbsolute(command)) return findCommand(command, env);
  // What it needs itself (a `node` for its `#!` line) usually lies beside it.
  const searchPath = [dirname(command), env.PATH].filter(Boolean).join(delimiter);
  return (await isExecutable(command)) ? { path: command, searchPath, via: 'config' } : undefined;
}

/**
 * The login that the CLI would use, as far as can be told from outside: `api key (CODEX_API_KEY)`. The CLI itself
 * may know better (a keychain), so this decides the default provider and nothing else.
 */
export async function loginSign(provider: Provider, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  if (provider.logins.length === 0) return 'none needed';
  for (const login of provider.logins) {
    // Switches such as CLAUDE_CODE_USE_BEDROCK may be set to say no.
    const isSet = 'env' in login && !['', '0', 'false'].includes(env[login.env] ?? '');
    const sign = 'env' in login ? isSet && login.env : await fileSign(login, env);
    if (sign) return `${login.kind} (${sign})`;
  }
  return undefined;
}

async function fileSign(login: Extract<Login, { file: string }>, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const { file, contains } = login;
  const { path, moved } = locate(login, env);
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined || (contains !== undefined && !text.includes(contains))) return undefined;
  return moved ? path : `~/${file}`;
}

/** Whether a provider could be used right now, as far as can be told without running it. */
export async function readinessOf(engine: Engine, provider: Provider): Promise<Readiness> {
  if (!(await engine.findCli(provider))) return 'not_installed';
  return (await loginSign(provider, engine.envOf(provider))) === undefined ? 'not_logged_in' : 'ready';
}
