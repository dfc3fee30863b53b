// `sidejob providers test NAME`: one prompt through a provider, as a job like any other, with all that can be seen of it.
import { jobFiles } from '../config/paths.js';
import { knownProvider } from '../jobs/choose.js';
import { answerText, readResult } from '../jobs/result.js';
import { invocationOf } from '../jobs/start.js';
import { submitJob } from '../jobs/submit.js';
import { viewJob } from '../jobs/view.js';
import { waitForJobs } from '../jobs/wait.js';
import { readPage } from '../output/read.js';
import { markRead } from '../store/transitions.js';
import type { CommandContext } from './context.js';
import { withJobs } from './with-jobs.js';

const PROMPT = 'Reply with the one word: ready';
const TIMEOUT_SEC = 300;
const SHOWN_BYTES = 20_000;

/** Exit status 0 if the job was completed. It costs what one short question to that CLI costs. */
export function tryProvider(
  context: CommandContext,
  name: string,
  prompt: string = PROMPT,
  model?: string,
): Promise<number> {
  const { stdout } = context;
  return withJobs(context, async (engine) => {
    const provider = knownProvider(engine.providers, name);
    const request = { kind: 'async', prompt, timeoutSec: TIMEOUT_SEC, fresh: true, ...(model && { model }) } as const;
    const { job } = await submitJob(engine, { client: 'sidejob', project: null }, request, provider);
    const found = await engine.findCli(provider);
    const { args, env } = await invocationOf(engine, job, provider);
    const variables = Object.entries(env).map(([variable, value]) => `${variable}=${quoted(value)} `);
    const prompted = provider.promptBy === 'argv' ? '' : ' < prompt';
    stdout(
      `command  ${variables.join('')}${[found?.path ?? provider.command, ...args].map(quoted).join(' ')}${prompted}\n`,
    );
    stdout(`login    ${job.login ?? 'no sign of one'}\nprompt   ${quoted(prompt)}\n`);

    const [ended = job] = await waitForJobs(engine, [job.id], { until: 'all', waitMs: (TIMEOUT_SEC + 60) * 1000 });
    const events = await readResult(engine, ended, 'events', 0, SHOWN_BYTES);
    const stderr = await readPage(jobFiles(engine.paths, job.id, ended.attempt).stderr, -2000, 2000);
    const { status, reason, elapsedSec, error, hint } = await viewJob(engine, ended);
    stdout(`events   ${events.total}\n${indented(events.text)}`);
    if (stderr.text.trim()) stdout(`stderr\n${indented(stderr.text)}`);
    stdout(`answer\n${indented(await answerText(engine, ended))}`);
    stdout(
      `${job.id} ${status}${reason ? ` (${reason})` : ''}, ${elapsedSec} s${error ? `: ${error} ${hint ?? ''}` : ''}\n`,
    );
    // Shown is read.
    await engine.store.write(() => markRead(engine.store, job.id, Date.now()));
    return status === 'completed' ? 0 : 1;
  });
}

/** As one could type it into a shell. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function indented(text: string): string {
  const lines = text.trimEnd().split('\n');
  return `${lines.map((line) => `  ${line}`).join('\n')}\n`;
}
