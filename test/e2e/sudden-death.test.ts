// SIGKILL of the server between any two steps: afterwards there is no job and no process, or a job with its true
// status, whose CLI ran at most once.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { FAULT_POINTS } from '../../src/process/fault.js';
import type { Assistant, JobView } from '../support/assistant.js';
import { test } from '../support/e2e.js';
import { processesOf } from '../support/processes.js';
import type { Sandbox } from '../support/sandbox.js';
import { asks, asksJudged } from '../support/steps.js';
import { until } from '../support/until.js';

const LIMITED = { type: 'result', subtype: 'success', is_error: true, api_error_status: 429, result: 'API Error: 429' };

const VERDICT = { agreement: ['Yes.'], differences: [], openPoints: [], recommendation: 'Do it.' };

async function allJobs(assistant: Assistant): Promise<JobView[]> {
  return (await assistant.data('llm_job_list', { filter: 'any', scope: 'all' })).jobs as JobView[];
}

/** How often the CLI of a job has begun. */
async function runs(sandbox: Sandbox, jobId: string): Promise<number> {
  const stdout = await readFile(join(sandbox.home, 'jobs', jobId, 'stdout'), 'utf8').catch(() => '');
  return stdout.split('"subtype":"init"').length - 1;
}

/** Leads a job to the point at which its server dies. */
async function leadTo(point: string, sandbox: Sandbox, assistant: Assistant): Promise<void> {
  const gate = sandbox.gate();
  // The first of two cannot answer.
  const failing = { failOf: { cli: 'claude', exit: 1, raw: JSON.stringify(LIMITED) } };
  const chained = point.startsWith('switch.');
  if (point.startsWith('judge.')) {
    const prompt = asksJudged([{ say: 'yes' }], [{ say: JSON.stringify(VERDICT) }]);
    await assistant.call('llm_run', { prompt, providers: ['codex', 'gemini'], judge: 'claude' });
    return;
  }
  const steps = chained
    ? asks(failing, { say: 'done' })
    : point.startsWith('end.')
      ? asks({ say: 'half' }, { gate })
      : asks({ say: 'done' });
  const { text } = await assistant.call('llm_job_submit', {
    prompt: steps,
    provider: chained ? 'claude > codex' : 'claude',
  });
  const jobId = text.split(' ')[0] ?? '';
  if (point.startsWith('end.')) {
    await until('output', async () => (await runs(sandbox, jobId)) === 1);
    await assistant.call('llm_job_cancel', { jobId });
  } else {
    await assistant.call('llm_job_wait', { jobId });
    // The audit is written a while after the calls that it tells of.
    if (point.startsWith('audit.')) await until('death', () => assistant.job(jobId).then(() => false));
  }
}

test.for(FAULT_POINTS)('killed at %s', async (point, { sandbox }) => {
  const doomed = await sandbox.assistant({ env: { SIDEJOB_FAULT: point } });
  await expect(leadTo(point, sandbox, doomed)).rejects.toThrow();

  const next = await sandbox.assistant();
  const jobs = await allJobs(next);
  if (point === 'submit.files') {
    // The call failed before the job was accepted: there is none.
    expect(jobs).toEqual([]);
    return;
  }
  // Of three, the judge is the one that was not there when the others had ended.
  expect(jobs).toHaveLength(point.startsWith('judge.') ? 3 : 1);
  const jobId = jobs[0]?.jobId ?? '';
  const job = await next.ended(jobId);
  expect(job).toMatchObject(point.startsWith('end.') ? { status: 'canceled' } : { status: 'completed', exitCode: 0 });
  expect(await runs(sandbox, jobId)).toBe(1);
  if (point.startsWith('switch.')) {
    expect(job).toMatchObject({ provider: 'codex', passedOver: ['claude: rate_limited'] });
    const second = await readFile(join(sandbox.home, 'jobs', jobId, 'stdout.run2'), 'utf8');
    expect(second.split('thread.started')).toHaveLength(2);
  }
  await until('nothing of the job is left', async () => (await processesOf(jobId)).length === 0);
  expect((await readdir(join(sandbox.home, 'jobs'))).sort()).toEqual(jobs.map((each) => each.jobId).sort());
  if (point.startsWith('judge.')) expect(job).toMatchObject({ structured: { recommendation: 'Do it.' } });
});

test('killed twice in a row at each step, the job still runs once and is told truthfully', async ({ sandbox }) => {
  const first = await sandbox.assistant({ env: { SIDEJOB_FAULT: 'start.placed' } });
  await expect(leadTo('start.placed', sandbox, first)).rejects.toThrow();
  for (const point of ['start.spawned', 'start.recorded', 'finish.decided', 'finish.recorded']) {
    const server = await sandbox.assistant({ env: { SIDEJOB_FAULT: point } });
    await expect(
      until(`death at ${point}`, async () => {
        await server.call('llm_job_list', { filter: 'any', scope: 'all' });
        return false;
      }),
    ).rejects.toThrow(/Connection closed|closed|not connected/i);
  }
  const last = await sandbox.assistant();
  const [job] = await allJobs(last);
  expect(await last.ended(job?.jobId ?? '')).toMatchObject({ status: 'completed', exitCode: 0 });
  expect(await runs(sandbox, job?.jobId ?? '')).toBe(1);
});
