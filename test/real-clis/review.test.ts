// A review by real CLIs of a repository with planted faults: what overlaps goes together, what is not there is dropped, and
// whoever is not heard is named, in each way in which a CLI can fail.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import type { Knobs } from '../support/fake-model-api/server.mjs';
import { FIRST, NOTHING_FOUND, plantFaults, SECOND } from '../support/planted.js';
import { CLIS } from './clis.js';
import { Machine } from './machine.js';

const NAMES = ['claude', 'codex', 'gemini'] as const;
/** Each with the model that it is tested with. */
const PROVIDERS = NAMES.map((name) => `${name}:${CLIS[name].model}`);
const PROMPT = 'The cart counts every item now.';

async function planted(codex: Knobs, impatient = false): Promise<Machine> {
  const machine = await Machine.start({
    impatient,
    api: { claude: { structuredReply: FIRST }, codex, gemini: { structuredReply: SECOND } },
  });
  await plantFaults(machine.project);
  return machine;
}

const asking = (machine: Machine) => ({ prompt: PROMPT, review: {}, cwd: machine.project, providers: PROVIDERS });
const MERGED = [
  'critical src/cart.js:3 The loop runs one step too far and reads undefined. (claude, gemini)',
  '  | i <= items.length',
  'major src/page.js:3 total() throws now, and nobody here catches it. (gemini)',
  '  | total(items).toFixed(2)',
  'minor src/session.js:2 The token is compared in a time that tells how much of it is right. (claude)',
  '  | token == known',
];

test('three answer: findings that overlap are one, and what is not there is dropped', async () => {
  const machine = await planted({ structuredReply: NOTHING_FOUND });
  const { text, isError } = await machine.assistant.call('llm_run', asking(machine));
  expect(isError).toBe(false);
  const at = text.indexOf('Review of');
  expect(text.slice(at).split('\n')).toEqual([
    'Review of 3 files against HEAD (what is not committed): 3 findings by claude, gemini; no findings by codex; 2 dropped, whose file or line does not exist (gemini 2).',
    ...MERGED,
  ]);
  // Each was shown the same changes.
  for (const path of ['/messages', '/responses', 'GenerateContent']) {
    const asked = machine.api.requests().filter((request) => request.path.includes(path));
    const shown = asked.map(({ body }) => JSON.stringify(body)).filter((body) => body.includes('i <= items.length'));
    expect(shown.length, path).toBeGreaterThan(0);
    expect(shown[0]).toContain('The cart counts every item now.');
  }
});

test.each([
  ['rate_limited', { status: 429 }],
  ['auth_required', { status: 401 }],
  ['network', { cut: true }],
] as const)('one of three fails (%s), and is named; the others are heard', async (reason, knobs) => {
  const machine = await planted({ structuredReply: NOTHING_FOUND, ...knobs }, true);
  const { text } = await machine.assistant.call('llm_run', { ...asking(machine), waitSec: 60 });
  const lines = text.slice(text.indexOf('Review of')).split('\n');
  expect(lines[0]).toMatch(/: 3 findings by claude, gemini; 2 dropped, .*; no answer from codex \(\w+\)\.$/);
  expect(lines[0]).not.toContain('no findings by');
  expect(lines.slice(1)).toEqual(MERGED);
  expect(lines[0]).toContain(`codex (${reason})`);
});

test.each([
  // Gemini CLI itself takes silence for an error.
  ['provider_error', ' '],
  ['invalid_output', 'Looks good to me!'],
])('silence and praise are no findings (%s)', async (reason, reply) => {
  const machine = await Machine.start({
    api: { claude: { structuredReply: FIRST }, codex: { structuredReply: NOTHING_FOUND }, gemini: { reply } },
  });
  await plantFaults(machine.project);
  const { text } = await machine.assistant.call('llm_run', asking(machine));
  expect(text).toContain(`2 findings by claude; no findings by codex; no answer from gemini (${reason}).`);
});

test('one of three is not installed, and the server is killed before the others have answered', async () => {
  const machine = await planted({});
  const config = join(machine.root, 'sidejob', 'config.toml');
  await mkdir(dirname(config), { recursive: true, mode: 0o700 });
  await writeFile(config, '[providers.codex]\ncommand = "/nowhere/codex"\n', { mode: 0o600 });
  await machine.assistant.kill();
  await machine.startServer();
  machine.api.set({ delayMs: 1500 });
  const { jobId } = await machine.assistant.data('llm_job_submit', asking(machine));
  await machine.assistant.kill();
  await machine.startServer();
  const { text } = await machine.assistant.call('llm_job_wait', { jobId });
  expect(text).toContain('no answer from codex:gpt-5.5 (not_installed).');
  expect(text.split('\n').slice(-MERGED.length)).toEqual(MERGED);
  // Nothing ran twice.
  const asked = machine.api.requests().filter(({ path }) => path.includes('GenerateContent'));
  expect(asked.filter(({ body }) => JSON.stringify(body).includes('i <= items.length'))).toHaveLength(1);
  const { reviews } = await machine.assistant.data('llm_job_status', { jobId });
  expect(reviews).toEqual([
    expect.objectContaining({
      answered: ['claude', 'gemini'],
      missing: { 'codex:gpt-5.5': 'not_installed' },
      dropped: 2,
    }),
  ]);
});
