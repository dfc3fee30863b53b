// The environment a job's CLI gets: this server's own, less the CLIs' guards against nesting, plus the job's
// mark, its depth and a temporary folder of its own.
import { createHash } from 'node:crypto';
import type { Config } from '../config/config.js';
import { SETTINGS, variableOf } from '../config/settings.js';
import { JOB_VARIABLE } from '../process/job-processes.js';
import type { Provider } from '../providers/provider.js';

/** Tells a Sidejob server inside a job how deep it is. */
export const DEPTH_VARIABLE = 'SIDEJOB_DEPTH';

/** Passed on whatever `env.pass` says: nothing works without them, and none of them is a secret. (A proxy's may be.) */
const BASICS = [
  ...['HOME', 'PATH', 'SHELL', 'USER', 'LOGNAME', 'LANG', 'LC_*', 'TZ', 'TERM', 'TMPDIR', 'XDG_*'],
  ...['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR'],
  // A server inside the job keeps to the same caps.
  ...['SIDEJOB_LOG_LEVEL', 'SIDEJOB_POLICY', ...Object.keys(SETTINGS).map(variableOf)],
];

/** The part of this server's environment that a provider's CLI gets, by the configuration's rules. */
export function cliEnvironment(provider: Provider, config: Config, base: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const rules = [config.env, config.providers[provider.name]?.env ?? {}];
  const lists = rules.map(({ pass }) => pass).filter((list) => list !== undefined);
  const passed = lists.length > 0 ? matcher([...lists.flat(), ...BASICS, ...provider.loginEnv]) : () => true;
  const dropped = matcher(rules.flatMap(({ drop }) => drop ?? []));
  const kept = Object.entries(base).filter(([name]) => passed(name) && !dropped(name));
  return Object.assign(Object.fromEntries(kept), ...rules.map(({ set }) => set));
}

/** Whether a name is one of these, in which `*` stands for anything. */
function matcher(patterns: readonly string[]): (name: string) => boolean {
  const sources = patterns.map((pattern) => pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*'));
  const any = new RegExp(`^(?:${sources.join('|')})$`);
  return (name) => sources.length > 0 && any.test(name);
}

/** `git rev-parse --local-env-vars`: with them, git would work in the repository that this server was started in. */
const REPOSITORY_VARIABLES = [
  ...['ALTERNATE_OBJECT_DIRECTORIES', 'CONFIG', 'CONFIG_COUNT', 'CONFIG_PARAMETERS', 'OBJECT_DIRECTORY', 'DIR'],
  ...['WORK_TREE', 'IMPLICIT_WORK_TREE', 'GRAFT_FILE', 'INDEX_FILE', 'NO_REPLACE_OBJECTS', 'REPLACE_REF_BASE'],
  ...['PREFIX', 'SHALLOW_FILE', 'COMMON_DIR', 'INTERNAL_SUPER_PREFIX'],
].map((name) => `GIT_${name}`);

/**
 * What an isolated job's CLI gets, so that git in there runs no hook of the repository's, and signs nothing with its
 * user's key. In one variable, as `git -c` passes it on: some CLIs withhold all that have "KEY" in their name.
 */
const ISOLATED = {
  GIT_CONFIG_PARAMETERS: "'core.hooksPath=/dev/null' 'commit.gpgSign=false' 'tag.gpgSign=false'",
};

export interface JobEnvironment {
  /** What the CLI gets of the server's environment. */
  base: NodeJS.ProcessEnv;
  /** The nesting guards of all CLIs: one CLI's tokens are no business of another's. */
  guards: readonly string[];
  /** What the provider wants set for this request; it may hold the access back, so nothing overrides it. */
  invocation: Record<string, string>;
  searchPath: string;
  /** Whether it works in a worktree of its own. */
  isolated: boolean;
  job: { id: string; depth: number; tmp: string; home: string };
}

export function jobEnvironment(given: JobEnvironment): Record<string, string> {
  const { base, guards, invocation, searchPath, isolated, job } = given;
  const dropped = new Set([...guards, JOB_VARIABLE, DEPTH_VARIABLE, ...(isolated ? REPOSITORY_VARIABLES : [])]);
  const inherited = Object.entries(base).filter(([name, value]) => value !== undefined && !dropped.has(name));
  return {
    ...(Object.fromEntries(inherited) as Record<string, string>),
    ...invocation,
    ...(isolated && ISOLATED),
    PATH: searchPath,
    TMPDIR: job.tmp,
    // A server inside the job must find the same store, to count the depth and to be seen.
    SIDEJOB_HOME: job.home,
    [JOB_VARIABLE]: job.id,
    [DEPTH_VARIABLE]: String(job.depth),
  };
}

/**
 * Hash of what decides which account pays: the home folder, the provider's variables, and those that the configuration
 * sets for it, which may be any.
 */
export function loginKey(provider: Provider, config: Config, env: NodeJS.ProcessEnv): string {
  const set = [config.env.set, config.providers[provider.name]?.env?.set].flatMap((each) => Object.keys(each ?? {}));
  const names = ['HOME', ...provider.loginEnv, ...set.sort()];
  const values = names.map((name) => `${name}=${env[name] ?? ''}`);
  return createHash('sha256').update(values.join('\0')).digest('hex').slice(0, 16);
}
