// What a model is shown of Sidejob, and how it gets through: eight scripts in the real clients, each held as a
// transcript. The jobs go to the posing CLIs.
import { existsSync, writeFileSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { asksJudged } from '../support/steps.js';
import { until } from '../support/until.js';
import { CLIENT_NAMES, type ClientName } from './clients.js';
import { Seat, type Talk } from './seat.js';
import { transcript } from './transcript.js';

/** A prompt that tells the posing CLI what to do. */
const doing = (...steps: object[]) => `Help me.\n#steps ${JSON.stringify(steps)}`;
const saying = (say: string) => doing({ say });

/** Holds what was shown as the script's transcript. */
async function expectTranscript(script: string, seat: Seat, ...talks: Talk[]): Promise<void> {
  await expect(transcript(seat, talks)).toMatchFileSnapshot(`transcripts/${script}.${seat.client}.txt`);
}

describe.each(CLIENT_NAMES)('%s', (client: ClientName) => {
  test('asks one model, of another vendor than its own', async () => {
    const seat = await Seat.take(client);
    const talk = await seat.talk([{ tool: 'llm_run', input: { prompt: saying('An index on email.') } }]);
    await expectTranscript('ask-one', seat, talk);
  });

  test('asks three and has their answers weighed', async () => {
    const seat = await Seat.take(client);
    const verdict = {
      agreement: ['Redis.'],
      differences: [],
      openPoints: ['Who runs it?'],
      recommendation: 'Use Redis.',
    };
    const prompt = asksJudged([{ say: 'Use Redis.' }], [{ say: JSON.stringify(verdict) }]);
    const talk = await seat.talk([
      { tool: 'llm_run', input: { prompt, providers: ['claude', 'codex', 'gemini'] } },
      { tool: 'llm_run', input: { prompt: 'Who is right?', judge: 'claude', attach: ['job:{{jobId:1}}'] } },
    ]);
    await expectTranscript('compare-three', seat, talk);
  });

  test('goes on with its own work while a job edits in the background', async () => {
    const seat = await Seat.take(client);
    const at = (name: string) => join(seat.project, name);
    const talk = await seat.talk([
      {
        tool: 'llm_job_submit',
        input: {
          prompt: doing(
            { say: 'I begin.' },
            { reached: at('begun') },
            { gate: at('own-work') },
            { reached: at('edited') },
            { say: 'I edited.' },
          ),
          provider: 'claude',
          access: 'edit',
          label: 'refactor',
        },
      },
      // Both are at work at once: each waits for a file of the other's.
      { shell: `until [ -e '${at('begun')}' ]; do sleep 0.05; done; echo begun` },
      { tool: 'llm_job_status', input: { jobId: '{{jobId}}' } },
      { shell: `echo mine > '${at('own-work')}'; echo done` },
      { tool: 'llm_job_wait', input: { jobId: '{{jobId}}' } },
    ]);
    expect(await readdir(seat.project)).toEqual(['begun', 'edited', 'own-work', 'package.json']);
    await expectTranscript('background-edit', seat, talk);
  });

  test('continues a conversation', async () => {
    const seat = await Seat.take(client);
    const talk = await seat.talk([
      { tool: 'llm_run', input: { prompt: saying('Nice to meet you.'), provider: 'claude' } },
      { tool: 'llm_run', input: { prompt: saying('You are Ada.'), continueJob: '{{jobId}}' } },
      { tool: 'llm_job_list', input: { query: '{{jobId}}' } },
    ]);
    await expectTranscript('continue', seat, talk);
  });

  test('collects after its server was killed in the middle of a job', async () => {
    const seat = await Seat.take(client);
    const at = (name: string) => join(seat.root, name);
    const input = { jobId: '{{jobId}}' };
    const prompt = doing({ reached: at('begun') }, { gate: at('gate') }, { say: 'Two findings.' });
    const first = seat.talk([
      { tool: 'llm_job_submit', input: { prompt, provider: 'codex' } },
      { shell: `until [ -e '${at('killed')}' ]; do sleep 0.05; done` },
      // Claude Code starts another server by itself.
      { tool: 'llm_job_status', input },
      { tool: 'llm_job_status', input },
    ]);
    await until('the job has begun', () => existsSync(at('begun')), 20_000);
    await seat.killServer();
    await writeFile(at('killed'), '');
    const talk = await first;
    const second = await seat.talk([
      { tool: 'llm_job_list' },
      { tool: 'llm_job_wait', input, meanwhile: () => writeFileSync(at('gate'), '') },
    ]);
    await expectTranscript('restart', seat, talk, second);
    expect(await seat.jobs()).toHaveLength(1);
  });

  test('is told of a job that ended unread', async () => {
    const seat = await Seat.take(client);
    const earlier = await seat.talk([
      { tool: 'llm_job_submit', input: { prompt: saying('It is line 7.'), provider: 'gemini', label: 'bug hunt' } },
    ]);
    await seat.jobsEnded();
    const talk = await seat.talk([
      { tool: 'llm_run', input: { prompt: saying('Yes.'), provider: 'claude' } },
      { tool: 'llm_job_list' },
      { tool: 'llm_job_wait', input: { jobId: '{{jobId:2}}' } },
      { tool: 'llm_job_list' },
    ]);
    await expectTranscript('inbox', seat, earlier, talk);
  });

  test('mends a wrong call', async () => {
    const seat = await Seat.take(client);
    const prompt = saying('At last.');
    const talk = await seat.talk([
      { tool: 'llm_run', input: { prompt, provider: 'cladue' } },
      { tool: 'llm_run', input: { promt: prompt, provider: 'claude' } },
      { tool: 'llm_run', input: { prompt, providers: 'claude' } },
      { tool: 'llm_run', input: { prompt, provider: 'claude', access: 'edit' } },
      { tool: 'llm_run', input: { prompt, provider: 'claude' } },
    ]);
    await expectTranscript('wrong-call', seat, talk);
    expect(await seat.jobs()).toHaveLength(1);
  });
});

// At once, because all three mostly wait.
test('every client asks again when a job takes longer than its patience, and pays once', async () => {
  await Promise.all(CLIENT_NAMES.map(asksAgain));
});

async function asksAgain(client: ClientName): Promise<void> {
  // Longer than the first progress takes to come.
  const seat = await Seat.take(client, { patienceMs: 5000 });
  const gate = join(seat.root, 'gate');
  const input = { prompt: doing({ say: 'Let me think. ' }, { gate }, { say: 'Yes.' }), provider: 'claude' };
  const talk = await seat.talk([
    { tool: 'llm_run', input },
    { tool: 'llm_run', input: { ...input, waitSec: 1 } },
    { tool: 'llm_job_wait', input: { jobId: '{{jobId}}' }, meanwhile: () => writeFileSync(gate, '') },
  ]);
  await expectTranscript('patience', seat, talk);
  // It was told meanwhile that the job goes on; how often is a matter of time.
  const messages = talk.wire.flatMap((line) => ('message' in line ? line.message : []));
  expect(messages.filter(({ method }) => method === 'notifications/progress').length).toBeGreaterThan(0);
  expect(await seat.jobs()).toHaveLength(1);
}
