// The environment a job's CLI gets: this server's own, less the CLIs' guards against nesting, plus the job's
// mark, its depth and a temporary folder of its own.
import { createHash } from 'node:crypto';
import type { ProviderSettings } from '../config/settings.js';
import { JOB_VARIABLE } from '../process/job-processes.js';
import type { Provider } from '../providers/provider.js';

/** Tells a Sidejob server inside a job how deep it is. */
export const DEPTH_VARIABLE = 'SIDEJOB_DEPTH';

export interface JobEnvironment {
  base: NodeJS.ProcessEnv;
  /** The nesting guards of all CLIs: one CLI's tokens are no business of another's. */
  guards: readonly string[];
  settings: ProviderSettings | undefined;
  /** What the provider wants set for this request. */
  invocation: Record<string, string>;
  searchPath: string;
  job: { id: string; depth: number; tmp: string; home: string };
}

export function jobEnvironment(given: JobEnvironment): Record<string, string> {
  const { base, guards, settings, invocation, searchPath, job } = given;
  const dropped = new Set([...guards, JOB_VARIABLE, DEPTH_VARIABLE]);
  const inherited = Object.entries(base).filter(([name, value]) => value !== undefined && !dropped.has(name));
  return {
    ...(Object.fromEntries(inherited) as Record<string, string>),
    ...invocation,
    ...settings?.env,
    PATH: searchPath,
    TMPDIR: job.tmp,
    // A server inside the job must find the same store, to count the depth and to be seen.
    SIDEJOB_HOME: job.home,
    [JOB_VARIABLE]: job.id,
    [DEPTH_VARIABLE]: String(job.depth),
  };
}

/** Hash of what decides which account pays: the provider's variables and the home folder. */
export function loginKey(provider: Provider, env: NodeJS.ProcessEnv): string {
  const values = ['HOME', ...provider.loginEnv].map((name) => `${name}=${env[name] ?? ''}`);
  return createHash('sha256').update(values.join('\0')).digest('hex').slice(0, 16);
}
