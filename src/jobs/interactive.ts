// A job's conversation in the CLI's own interactive program.
import { realpath } from 'node:fs/promises';
import { delimiter } from 'node:path';
import { SidejobError } from '../errors.js';
import type { JobRecord } from '../store/record.js';
import { checkInstalled } from './checks.js';
import { continued } from './conversation.js';
import type { Engine } from './engine.js';
import { runFolder } from './isolation/places.js';

/** What is to be run on the terminal. */
export interface Interactive {
  /** Absolute. */
  path: string;
  args: string[];
  cwd: string;
  env: NodeJS.ProcessEnv;
}

/**
 * How the CLI of a job goes on with its conversation. It asks for permissions itself: the job's access does not bind it.
 * @throws SidejobError `not_supported`, `no_session`, `session_busy`, `no_folder`, `not_installed`
 */
export async function interactiveOf(engine: Engine, job: JobRecord): Promise<Interactive> {
  const provider = engine.providerNamed(job.provider);
  if (!provider) {
    throw new SidejobError('not_supported', `${job.provider}, the CLI of ${job.id}, is not known here any more.`);
  }
  if (!provider.interactive || provider.sessionId === 'none') {
    throw new SidejobError(
      'not_supported',
      `${provider.name} has no session of its own to open.`,
      `"sidejob show ${job.id}" shows what there is.`,
    );
  }
  const { sessionId } = await continued(engine, { kind: 'async', prompt: '', continueJob: job.id }, provider);
  const worked = runFolder(engine, job);
  const folder = await realpath(worked).catch(() => undefined);
  if (folder !== worked) {
    throw new SidejobError('no_folder', `${worked}, where ${job.id} worked, is not there any more.`);
  }
  await checkInstalled(engine, provider);
  const found = await engine.findCli(provider);
  if (!found) throw new Error(`${provider.name} was removed this moment`);
  const env = Object.fromEntries(
    Object.entries(engine.envOf(provider)).filter(([name]) => !engine.nestingGuards.includes(name)),
  );
  // What the person has on PATH comes first: it is his session.
  const searchPath = [env.PATH, found.searchPath].filter(Boolean).join(delimiter);
  return { path: found.path, args: provider.interactive(sessionId), cwd: folder, env: { ...env, PATH: searchPath } };
}
