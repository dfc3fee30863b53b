// The command line of a job, and what of the user's and the folder's it depends on.
import { constants } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { jobFiles } from '../config/paths.js';
import { readPrivate } from '../config/private-file.js';
import { errnoOf } from '../errors.js';
import type { Invocation, Provider } from '../providers/provider.js';
import type { JobRecord } from '../store/record.js';
import type { Engine } from './engine.js';
import { locate } from './user-file.js';

/** Settings are small; what is larger is something else. */
const USER_FILE_MAX_BYTES = 1024 * 1024;
/** What makes a folder bring settings of its own to one of the CLIs. */
const SETTINGS_NAMES = [
  ...['.claude', '.codex', '.gemini', '.qwen', '.opencode', '.pi', '.github/copilot', '.mcp.json'],
  ...['opencode.json', 'opencode.jsonc'],
];

/**
 * The command line of a job.
 * @param folder in which it is to run
 */
export async function invocationOf(
  engine: Engine,
  job: JobRecord,
  provider: Provider,
  folder: string,
): Promise<Invocation> {
  const files = jobFiles(engine.paths, job.id, job.attempt, job.run);
  const { outputSchema: schema } = job;
  const extras = engine.config.providers[provider.name] ?? {};
  return provider.invoke({
    cwd: folder,
    access: job.access,
    trusted: await isTrusted(engine, job, folder),
    model: job.model ?? undefined,
    effort: job.effort ?? undefined,
    systemPrompt: job.systemPrompt ?? undefined,
    sessionId: job.sessionId ?? undefined,
    resume: job.resume === 1,
    ...(schema !== null && provider.structured === 'native' && { outputSchema: { json: schema, file: files.schema } }),
    ...(provider.promptBy === 'argv' && { prompt: await readPrivate(files.prompt) }),
    // What needs no permission is for jobs that may do something.
    extras: { ...extras, ...(job.access === 'read-only' && { allowTools: undefined }) },
    env: engine.envOf(provider),
    files: await userFiles(provider, engine.envOf(provider), folder),
    reportFile: files.report,
  });
}

/** The texts of the files that a provider looks into; one that is there but cannot be read stops the start. */
async function userFiles({ userFiles = [] }: Provider, env: NodeJS.ProcessEnv, cwd: string) {
  const texts = userFiles.map(async (each) => {
    const { path } = locate(each, env, each.below === 'cwd' ? cwd : undefined);
    return [each.name, await readSmall(path)] as const;
  });
  const there = (await Promise.all(texts)).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(there);
}

/**
 * The text of a file that a stranger may have made; empty for a folder, undefined if nothing is there.
 * @throws Error for what is neither, or too large
 */
async function readSmall(path: string): Promise<string | undefined> {
  let file: FileHandle;
  try {
    // Not blocking: opening a pipe would wait for its writer.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
  try {
    const stats = await file.stat();
    if (stats.isDirectory()) return '';
    if (!stats.isFile() || stats.size > USER_FILE_MAX_BYTES) throw new Error(`${path} is no file of settings.`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

/**
 * Whether settings in the job's folder may be obeyed: in the client's project, in what lies below it without settings of
 * its own, and in the empty folder. Not in just any folder that a model names. Of a worktree, the folder counts that it was
 * made from, and what lies in its place in there.
 */
async function isTrusted({ paths }: Engine, { cwd, project }: JobRecord, runs: string): Promise<boolean> {
  if (cwd === paths.scratch || cwd === project) return true;
  if (project === null || !cwd.startsWith(`${project}/`)) return false;
  let inside = runs;
  for (let folder = cwd; folder !== project; folder = dirname(folder)) {
    const names = SETTINGS_NAMES.flatMap((name) => [join(folder, name), join(inside, name)]);
    const there = await Promise.all(names.map((name) => lstat(name).catch(() => undefined)));
    if (there.some((stats) => stats !== undefined)) return false;
    inside = dirname(inside);
  }
  return true;
}
