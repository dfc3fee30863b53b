// Real CLIs are asked side by side, one of them fails in each way there is, and another weighs what is left: blind, once, and
// with quotes that hold.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import type { Knobs } from '../support/fake-model-api/server.mjs';
import { processesOf, signal } from '../support/processes.js';
import { until } from '../support/until.js';
import { CLIS, type CliName } from './clis.js';
import { Machine } from './machine.js';

const NAMES = ['claude', 'codex', 'gemini'] as const;
const named = (name: CliName) => `${name}:${CLIS[name].model}`;
const [SQLITE, REDIS] = ['Take SQLite, there is but one writer.', 'Take Redis, for there will be more servers.'];
const VERDICT = {
  agreement: ['Counters outlive a restart.'],
  differences: [
    {
      point: 'Where they are kept',
      // Whoever is A: two of these hold.
      positions: ['A', 'B'].flatMap((answer) => [
        { answer, quote: 'Take SQLite' },
        { answer, quote: 'take redis' },
      ]),
    },
  ],
  openPoints: ['How many servers?'],
  recommendation: 'Begin with SQLite.',
};

/** Claude says one thing and codex another; gemini is what a test is about, and claude judges. */
function start(gemini: Knobs, impatient = false): Promise<Machine> {
  const claude = { reply: SQLITE, structuredReply: VERDICT };
  return Machine.start({ impatient, api: { claude, codex: { reply: REDIS }, gemini } });
}

const asking = (machine: Machine) => ({
  ...{ prompt: 'Where do the counters go?', cwd: machine.project, waitSec: 60 },
  ...{ providers: NAMES.map(named), judge: named('claude'), stance: 'red-team' },
});

/** What the API was asked to judge. */
const judged = (machine: Machine) =>
  machine.api
    .requests()
    .map(({ path, body }) => ({ path, text: JSON.stringify(body) }))
    .filter(({ path, text }) => text.includes('You are the judge of') && !path.includes('count_tokens'));

function expectVerdict(text: string, reason: string): void {
  const lines = text.split('\n');
  expect(lines[0]).toMatch(new RegExp(`^group-\\w{8}: 2 of 3 answered; gemini(:\\S+)?: ${reason}$`));
  expect(lines.find((line) => line.endsWith(', judge'))).toMatch(/^claude-\w{8} completed, /);
  expect(lines).toEqual(
    expect.arrayContaining([
      ...['Recommendation: Begin with SQLite.', '- Counters outlive a restart.', '- How many servers?'],
      expect.stringMatching(/^ {2}[AB] \(claude\): "Take SQLite"$/),
      expect.stringMatching(/^ {2}[AB] \(codex\): "take redis"$/),
      'Left out: 2 quotes that no answer holds.',
      expect.stringMatching(/^[AB]: claude-\w{8} completed, [\d.]+ s, \d+ bytes$/),
      expect.stringMatching(/^[AB]: codex-\w{8} completed, [\d.]+ s, \d+ bytes$/),
    ]),
  );
}

function expectBlind(machine: Machine): void {
  const requests = judged(machine);
  expect(requests.length).toBeGreaterThan(0);
  const { text } = requests[0] as { text: string };
  expect(text).toContain(SQLITE);
  expect(text).toContain(REDIS);
  expect(text).toContain('1 more was asked and gave no answer.');
  expect(text).toContain('Weigh the answers as attacks.');
  const prompt = text.slice(text.indexOf('You are the judge of'), text.indexOf(REDIS));
  expect(prompt).not.toMatch(/claude-|codex|gemini|gpt-/i);
}

test.each([
  ['rate_limited', { status: 429 }],
  ['auth_required', { status: 401 }],
  // Gemini CLI itself takes silence for an error.
  ['provider_error', { reply: ' ' }],
] as const)(
  'one of three fails (%s): the judge is told that it is missing, and weighs the others',
  async (reason, knobs) => {
    const machine = await start(knobs, true);
    const { text, isError } = await machine.assistant.call('llm_run', asking(machine));
    expect(isError).toBe(false);
    expectVerdict(text, reason);
    expectBlind(machine);
  },
);

test('one of three is killed', async () => {
  const machine = await start({ hang: 'middle' });
  const { waitSec: _, ...asked } = asking(machine);
  const { jobId, jobs } = (await machine.assistant.data('llm_job_submit', asked)) as {
    jobId: string;
    jobs: { jobId: string; provider: string; role?: string }[];
  };
  expect(jobs.map(({ role }) => role)).toEqual([undefined, undefined, undefined, 'judge']);
  const gemini = jobs.find(({ provider }) => provider === 'gemini')?.jobId ?? '';
  await machine.midStream('gemini', gemini);
  // Of its processes, that which the launcher waits for.
  const launcher = (await processesOf(gemini)).find(({ command }) => command.includes('launcher.sh'))?.pid;
  const cli = (await processesOf(gemini)).filter(({ pid, command }) => pid !== launcher && !command.includes('sleep'));
  for (const { pid } of cli) signal(pid, 'SIGKILL');
  const { text } = await machine.assistant.call('llm_job_wait', { jobId, waitSec: 60 });
  expectVerdict(text, 'killed');
  expectBlind(machine);
});

test('one of three is not installed, and the server is killed while the others answer: the judge runs once', async () => {
  const machine = await start({});
  const config = join(machine.root, 'sidejob', 'config.toml');
  await mkdir(dirname(config), { recursive: true, mode: 0o700 });
  const panel = `[panels]\ntrio = ${JSON.stringify(NAMES.map(named))}\n`;
  await writeFile(config, `${panel}[providers.gemini]\ncommand = "/nowhere/gemini"\n`, { mode: 0o600 });
  await machine.assistant.kill();
  await machine.startServer();
  machine.api.set({ delayMs: 1500 });
  const { waitSec: _, ...asked } = asking(machine);
  const { jobId } = await machine.assistant.data('llm_job_submit', { ...asked, providers: ['trio'] });
  await machine.assistant.kill();
  machine.api.set({ delayMs: 0 });
  await machine.startServer();
  const { text } = await machine.assistant.call('llm_job_wait', { jobId, waitSec: 60 });
  expectVerdict(text, 'not_installed');
  const judge = /claude-\w{8}(?= completed, [\d.]+ s, judge)/.exec(text)?.[0] ?? '';
  // One conversation, which the CLI has begun once.
  expect(await machine.sessions(judge)).toHaveLength(1);
  const firsts = judged(machine).filter(({ text: body }) => !body.includes('tool_result'));
  expect(firsts).toHaveLength(1);
});

test('all but one fail: nobody judges', async () => {
  const machine = await Machine.start({
    impatient: true,
    api: { claude: { reply: SQLITE, structuredReply: VERDICT }, codex: { status: 401 }, gemini: { status: 401 } },
  });
  const { text } = await machine.assistant.call('llm_run', asking(machine));
  expect(text).toMatch(
    /claude-\w{8} failed \(too_few_answers\), [\d.]+ s, judge: There is nothing to weigh: group-\w{8}: 1 of 3 answered/,
  );
  expect(text).toContain(SQLITE);
  expect(judged(machine)).toEqual([]);
});

test('each of the three can judge', async () => {
  const replies = { claude: SQLITE, codex: REDIS, gemini: 'Take a file.' };
  const api = Object.fromEntries(NAMES.map((name) => [name, { reply: replies[name], structuredReply: VERDICT }]));
  const machine = await Machine.start({ api });
  const { waitSec: _, judge: __, ...asked } = asking(machine);
  const { jobId } = await machine.assistant.data('llm_job_submit', { ...asked, stance: 'fact-check' });
  await machine.assistant.call('llm_job_wait', { jobId, waitSec: 60 });
  for (const name of NAMES) {
    const weigh = {
      prompt: 'Who is right?',
      judge: named(name),
      attach: [`job:${jobId}`],
      cwd: machine.project,
      waitSec: 60,
    };
    const { text } = await machine.assistant.call('llm_run', weigh);
    expect(text).toMatch(
      new RegExp(`^${name}-\\w{8} completed, [\\d.]+ s, judge\\nRecommendation: Begin with SQLite\\.`),
    );
    const id = text.split(' ')[0] ?? '';
    expect(await machine.assistant.job(id)).toMatchObject({
      structured: { answers: [{}, {}, {}], openPoints: ['How many servers?'] },
    });
  }
  await until('all is quiet', async () => (await machine.jobProcesses()).length === 0, 10_000);
});
