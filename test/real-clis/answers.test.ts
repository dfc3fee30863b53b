// A prompt goes to a real CLI, and its answer comes back.
import { describe, expect, test } from 'vitest';
import { CLI_NAMES, CLIS } from './clis.js';
import { Machine } from './machine.js';

const SESSION = /^([\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}|ses_\w+)$/;

/** A pattern for the one line above an answer, and the answer. */
const reply = (id: string, answer: string) => `${id} completed, [\\d.]+ s\\n${answer.replaceAll('.', '\\.')}`;

describe.each(CLI_NAMES)('%s', (cli) => {
  test('answers a submitted job', async () => {
    const machine = await Machine.start();
    const { assistant } = machine;
    const jobId = await machine.submit(cli);

    const { text } = await assistant.call('llm_job_wait', { jobId });
    expect(text).toMatch(new RegExp(`^${reply(jobId, 'Fake reply to turn 1.')}$`));
    const { model } = CLIS[cli];
    expect(await assistant.job(jobId)).toMatchObject({ status: 'completed', exitCode: 0, model, answerBytes: 21 });
    expect(await machine.result(jobId)).toBe('Fake reply to turn 1.');
    expect(await machine.used(jobId)).toBe(CLIS[cli].used);
    expect(await machine.sessions(jobId)).toEqual([expect.stringMatching(SESSION)]);
    // To the API that was meant, and no other call.
    const requests = 1 + (CLIS[cli].sideRequests ?? 0);
    expect(machine.api.requests().map(({ aborted }) => aborted)).toEqual(Array(requests).fill(false));
  });

  test('answers llm_run', async () => {
    const { assistant } = await Machine.start();
    const asked = { prompt: 'Hello?', provider: cli, model: CLIS[cli].model };
    const { text, isError } = await assistant.call('llm_run', asked);
    expect(text).toMatch(new RegExp(`^${reply(`${cli}-\\w{8}`, 'Fake reply to turn 1.')}$`));
    expect(isError).toBe(false);
  });

  test('takes a prompt that looks like flags and shell as text', async () => {
    const machine = await Machine.start();
    const prompt = '--version -p "$HOME" `id` $(id); --help\n-x \\ second line';
    const jobId = await machine.submit(cli, { prompt });
    expect(await machine.assistant.ended(jobId)).toMatchObject({ status: 'completed', exitCode: 0 });
    expect(await machine.result(jobId)).toBe('Fake reply to turn 1.');
    // As it was, though some CLIs put words of their own around it.
    expect(JSON.stringify(machine.api.requests().at(-1)?.body)).toContain(JSON.stringify(prompt).slice(1, -1));
  });

  test('goes on with a conversation', async () => {
    const machine = await Machine.start();
    const { assistant } = machine;
    const first = await machine.submit(cli, { prompt: 'My name is Ada.' });
    expect(await assistant.ended(first)).toMatchObject({ status: 'completed' });
    const { jobId } = await assistant.data('llm_job_submit', { prompt: 'What is my name?', continueJob: first });
    const second = jobId as string;
    expect(await assistant.ended(second)).toMatchObject({ status: 'completed', provider: cli, cwd: machine.project });

    expect(await machine.result(second)).toBe('Fake reply to turn 2.');
    expect(await machine.sessions(second)).toEqual(await machine.sessions(first));
    const sent = JSON.stringify(machine.api.requests().at(-1)?.body);
    for (const words of ['My name is Ada.', 'Fake reply to turn 1.', 'What is my name?']) expect(sent).toContain(words);
    // Each job's own, also where the CLI counts the conversation (Codex its tokens, Claude Code its cost).
    expect([await machine.used(first), await machine.used(second)]).toEqual([CLIS[cli].used, CLIS[cli].used]);
    const { providers } = await assistant.data('llm_providers', { provider: cli });
    const today = expect.objectContaining({ jobs: 2, inputTokens: 22, outputTokens: 14 });
    expect(providers).toEqual([expect.objectContaining({ status: 'ready', today })]);
  });
});

const SCHEMA = {
  type: 'object',
  properties: { name: { type: 'string' }, age: { type: 'integer' } },
  required: ['name', 'age'],
  additionalProperties: false,
};

/** With claude and qwen the answer is a tool call; codex asks the API for the form, and the fake one fills it by itself. */
const NATIVE = { claude: 'StructuredOutput', codex: '', qwen: 'structured_output' } as const;
test.each(CLI_NAMES.filter((cli) => cli in NATIVE))(
  '%s answers in the form of a JSON Schema by its own flag',
  async (cli) => {
    const machine = await Machine.start();
    const toolInput = { name: 'fake', age: 1 };
    machine.api.set({ tool: NATIVE[cli as keyof typeof NATIVE], toolInput });
    const jobId = await machine.submit(cli, { outputSchema: SCHEMA });
    expect(await machine.assistant.ended(jobId)).toMatchObject({ status: 'completed', structured: toolInput });
  },
);

const LISTING = CLI_NAMES.filter((cli) => ['opencode', 'pi'].includes(cli));
test.each(LISTING)('%s itself lists its models', async (cli) => {
  const { assistant } = await Machine.start();
  const { providers } = await assistant.data('llm_providers', { provider: cli });
  expect(providers).toEqual([expect.objectContaining({ models: expect.arrayContaining(['fake/fake-model']) })]);
});

test('three CLIs answer one llm_run', async () => {
  const { assistant } = await Machine.start({
    api: { claude: { reply: 'Claude here.' }, codex: { reply: 'Codex here.' }, gemini: { reply: 'Gemini here.' } },
  });
  const { text, isError } = await assistant.call('llm_run', {
    prompt: 'Who is there?',
    providers: ['claude', 'codex', 'gemini'],
  });
  const replies = [
    reply('claude-\\w{8}', 'Claude here.'),
    reply('codex-\\w{8}', 'Codex here.'),
    reply('gemini-\\w{8}', 'Gemini here.'),
  ];
  expect(text).toMatch(new RegExp(`^group-\\w{8}: all 3 answered\n\n${replies.join('\\n\\n')}$`));
  expect(isError).toBe(false);
});
