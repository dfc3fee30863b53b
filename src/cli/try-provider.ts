// `sidejob providers test NAME`: one prompt through a provider, as a job like any other, with all that can be seen of it.
import { mkdir } from 'node:fs/promises';
import { jobFiles } from '../config/paths.js';
import { messageOf } from '../errors.js';
import { checkPerson } from '../jobs/checks.js';
import { knownProvider } from '../jobs/choose.js';
import type { Engine } from '../jobs/engine.js';
import { invocationOf } from '../jobs/invocation.js';
import type { JobRequest } from '../jobs/request.js';
import { answerText, readResult } from '../jobs/result.js';
import { submitJob } from '../jobs/submit.js';
import { viewJob } from '../jobs/view.js';
import { waitForJobs } from '../jobs/wait.js';
import { printable } from '../output/printable.js';
import { readPage } from '../output/read.js';
import { readLine } from '../providers/fold.js';
import { oneLine } from '../providers/json.js';
import type { Provider } from '../providers/provider.js';
import type { JobRecord } from '../store/record.js';
import { markRead } from '../store/transitions.js';
import type { CommandContext } from './context.js';
import { quoted } from './quoted.js';
import { withJobs } from './with-jobs.js';

const PROMPT = 'Reply with the one word: ready';
const TIMEOUT_SEC = 300;
const SHOWN_BYTES = 20_000;
/** How much of the output is looked through for lines that no rule has understood, and how many are shown. */
const LOOKED_BYTES = 256 * 1024;
const UNREAD_LINES = 3;

/** What a trial asks for; without an access, the lowest that the provider has, in an empty folder. */
export type Trial = Pick<JobRequest, 'prompt' | 'model' | 'access' | 'effort' | 'systemPrompt' | 'cwd' | 'continueJob'>;

/** Exit status 0 if the job was completed. It costs what one short question to that CLI costs. */
export function tryProvider(context: CommandContext, name: string, trial: Partial<Trial>): Promise<number> {
  const { stdout } = context;
  return withJobs(context, async (engine) => {
    await checkPerson(engine, '"sidejob providers test"');
    const provider = knownProvider(engine.providers, name);
    await mkdir(engine.paths.scratch, { recursive: true, mode: 0o700 });
    const request: JobRequest = {
      ...{ kind: 'async', prompt: PROMPT, timeoutSec: TIMEOUT_SEC, fresh: true },
      ...{ access: provider.accessLevels[0], ...(trial.continueJob === undefined && { cwd: engine.paths.scratch }) },
      ...trial,
    };
    const { job } = await submitJob(engine, { client: 'sidejob', project: null }, request, provider);
    stdout(`command  ${await commandLine(engine, job, provider)}\n`);
    stdout(`login    ${job.login ?? 'no sign of one'}\naccess   ${job.access} in ${printable(job.cwd)}\n`);
    stdout(`prompt   ${quoted(request.prompt)}\n`);

    const [ended = job] = await waitForJobs(engine, [job.id], { until: 'all', waitMs: (TIMEOUT_SEC + 60) * 1000 });
    const events = await readResult(engine, ended, 'events', 0, SHOWN_BYTES);
    stdout(`events   ${events.total}\n${indented(events.text)}`);
    stdout(await unreadLines(engine, ended, provider));
    const stderr = await readPage(jobFiles(engine.paths, job.id, ended.attempt, ended.run).stderr, -2000, 2000);
    if (stderr.text.trim()) stdout(`stderr\n${indented(stderr.text)}`);
    stdout(`answer\n${indented(await answerText(engine, ended))}`);
    const { status, reason, elapsedSec, error } = await viewJob(engine, ended);
    stdout(`${job.id} ${status}${reason ? ` (${reason})` : ''}, ${elapsedSec} s${error ? `: ${error}` : ''}\n`);
    if (status !== 'completed') stdout(`"sidejob logs ${job.id}" shows all that it printed.\n`);
    // Shown is read.
    await engine.store.write(() => markRead(engine.store, job.id, Date.now()));
    return status === 'completed' ? 0 : 1;
  });
}

/** As one could type it; of variables the names alone, because their values may be keys. */
async function commandLine(engine: Engine, job: JobRecord, provider: Provider): Promise<string> {
  try {
    const found = await engine.findCli(provider);
    const { args, env } = await invocationOf(engine, job, provider, job.cwd);
    const variables = Object.keys(env).map((variable) => `${variable}=… `);
    const prompted = provider.promptBy === 'argv' ? '' : ' < prompt';
    return `${variables.join('')}${[found?.path ?? provider.command, ...args].map(quoted).join(' ')}${prompted}`;
  } catch (error) {
    return `none: ${messageOf(error)}`;
  }
}

/** Lines of the output of which nothing was understood: where a rule is missing, or has a wrong path. */
async function unreadLines(engine: Engine, job: JobRecord, provider: Provider): Promise<string> {
  if (provider.output === 'text') return '';
  const { text } = await readPage(jobFiles(engine.paths, job.id, job.attempt, job.run).stdout, 0, LOOKED_BYTES);
  const pieces = provider.output === 'document' ? [text] : text.split('\n');
  const unread = pieces.filter((piece) => piece.trim() !== '' && readLine(provider, piece).length === 0);
  if (unread.length === 0) return '';
  const shown = unread.slice(0, UNREAD_LINES).map((piece) => oneLine(piece.replaceAll('\n', ' '), 300));
  return `not understood: ${unread.length} of ${pieces.length}, beginning with\n${indented(shown.join('\n'))}`;
}

function indented(text: string): string {
  const lines = printable(text).trimEnd().split('\n');
  return `${lines.map((line) => `  ${line}`).join('\n')}\n`;
}
