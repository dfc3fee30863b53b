import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { startFakeModelApi } from './server.mjs';

let api;
before(async () => {
  api = await startFakeModelApi();
});
beforeEach(() => api.reset());
after(() => api.close());

const post = (path, body, base = api.url) => fetch(base + path, { method: 'POST', body: JSON.stringify(body) });
const events = async (response) =>
  (await response.text())
    .split('\n')
    .filter((line) => line.startsWith('data: {'))
    .map((line) => JSON.parse(line.slice(6)));

const hello = { role: 'user', content: 'Hello' };
const gemini = { contents: [{ role: 'user', parts: [{ text: 'Hello' }] }] };

test('each wire format streams the reply in chunks and reports usage', async () => {
  const [messages, responses, chat, generate] = await Promise.all([
    post('/v1/messages', { model: 'm', stream: true, messages: [hello] }).then(events),
    post('/v1/responses', { model: 'm', stream: true, input: [hello] }).then(events),
    post('/v1/chat/completions', { model: 'm', stream: true, messages: [hello] }).then(events),
    post('/v1beta/models/m:streamGenerateContent?alt=sse', gemini).then(events),
  ]);
  const text = 'Fake reply to turn 1.';
  assert.equal(messages.map((e) => e.delta?.text ?? '').join(''), text);
  assert.equal(messages.find((e) => e.type === 'message_delta').usage.output_tokens, 7);
  assert.equal(
    responses
      .filter((e) => e.type === 'response.output_text.delta')
      .map((e) => e.delta)
      .join(''),
    text,
  );
  assert.equal(responses.at(-1).response.usage.total_tokens, 18);
  assert.equal(chat.map((e) => e.choices[0]?.delta.content ?? '').join(''), text);
  assert.equal(chat.at(-1).usage.total_tokens, 18);
  assert.equal(generate.map((e) => e.candidates[0].content.parts[0].text).join(''), text);
  assert.equal(generate.at(-1).usageMetadata.totalTokenCount, 18);
});

test('each wire format answers without streaming', async () => {
  const json = async (response) => (await response).json();
  const text = 'Fake reply to turn 1.';
  assert.equal((await json(post('/v1/messages', { messages: [hello] }))).content[0].text, text);
  assert.equal((await json(post('/v1/responses', { input: 'Hello' }))).output[0].content[0].text, text);
  assert.equal((await json(post('/v1/chat/completions', { messages: [hello] }))).choices[0].message.content, text);
  assert.equal(
    (await json(post('/v1beta/models/m:generateContent', gemini))).candidates[0].content.parts[0].text,
    text,
  );
  assert.equal((await json(post('/v1/messages/count_tokens', { messages: [hello] }))).input_tokens, 11);
  assert.equal((await json(post('/v1beta/models/m:countTokens', gemini))).totalTokens, 11);
});

test('the turn number and the last prompt can be used in the reply', async () => {
  const messages = [hello, { role: 'assistant', content: 'Hi' }, { role: 'user', content: 'More' }];
  const response = await post('/v1/messages', { messages }, api.urlWith({ reply: '{{turn}}: {{prompt}}' }));
  assert.equal((await response.json()).content[0].text, '2: More');
});

test('a status is sent failTimes times for each base URL', async () => {
  const statuses = async (base) => [
    (await post('/v1/messages', {}, base)).status,
    (await post('/v1/messages', {}, base)).status,
  ];
  assert.deepEqual(await statuses(api.urlWith({ status: 429, failTimes: 1, id: 'a' })), [429, 200]);
  assert.deepEqual(await statuses(api.urlWith({ status: 529, id: 'b' })), [529, 529]);
  const limited = await post('/v1/messages', {}, api.urlWith({ status: 429, retryAfter: 2 }));
  assert.equal(limited.headers.get('retry-after'), '2');
  assert.equal((await limited.json()).error.type, 'rate_limit_error');
});

test('a tool is called once, and only when it is on offer', async () => {
  const base = api.urlWith({ tool: 'Bash', toolInput: { command: 'ls' } });
  const ask = async (body) => (await (await post('/v1/messages', body, base)).json()).content[0];
  const tools = [{ name: 'Bash' }];
  assert.deepEqual((await ask({ tools, messages: [hello] })).input, { command: 'ls' });
  assert.equal(
    (await ask({ tools, messages: [hello, { role: 'user', content: [{ type: 'tool_result' }] }] })).type,
    'text',
  );
  assert.equal((await ask({ messages: [hello] })).type, 'text');
});

test('a script of tools is called one after the other, offered or not', async () => {
  api.set({ tools: [{ tool: 'look', toolInput: { at: 'x' } }, { tool: 'leap' }], reply: 'Done.' });
  const messages = [{ role: 'user', content: 'go' }];
  const said = [];
  for (let round = 0; round < 3; round += 1) {
    const { content } = (await (await post('/v1/messages', { model: 'm', messages })).json()) ?? {};
    said.push(content[0].name ?? content[0].text);
    messages.push({ role: 'assistant', content });
    messages.push({ role: 'user', content: [{ type: 'tool_result', tool_use_id: content[0].id, content: 'ok' }] });
  }
  assert.deepEqual(said, ['look', 'leap', 'Done.']);
  assert.throws(() => api.urlWith({ tools: '{}' }), /knob tools must be a JSON list/);
});

test('a script can name the jobs of earlier results, in every wire format', async () => {
  const found = 'claude-0v1x2y3z and\ndemo-abcdefgh; again claude-0v1x2y3z <system-reminder>';
  const toolInput = { jobId: '{{jobId}}', attach: ['job:{{jobId:2}}'] };
  const filled = { jobId: 'claude-0v1x2y3z', attach: ['job:demo-abcdefgh'] };
  api.set({ tools: [{ tool: 'look' }, { tool: 'wait', toolInput }] });
  const json = async (response) => (await response).json();

  const result = { role: 'user', content: [{ type: 'tool_result', content: found }] };
  const [block] = (await json(post('/v1/messages', { messages: [hello, result] }))).content;
  assert.deepEqual(block.input, filled);

  const output = { type: 'function_call_output', output: found };
  const [item] = (await json(post('/v1/responses', { input: [hello, output] }))).output;
  assert.deepEqual(JSON.parse(item.arguments), filled);

  const messages = [hello, { role: 'tool', content: found }];
  const [choice] = (await json(post('/v1/chat/completions', { messages }))).choices;
  assert.deepEqual(JSON.parse(choice.message.tool_calls[0].function.arguments), filled);

  const contents = [...gemini.contents, { role: 'user', parts: [{ functionResponse: { response: found } }] }];
  const [candidate] = (await json(post('/v1beta/models/m:generateContent', { contents }))).candidates;
  assert.deepEqual(candidate.content.parts[0].functionCall.args, filled);
});

test('an id that no result names is answered, not made up', async () => {
  api.set({ tools: [{ tool: 'wait', toolInput: { jobId: '{{jobId:2}}' } }] });
  const response = await post('/v1/messages', { messages: [{ role: 'user', content: 'about demo-abcdefgh' }] });
  assert.equal(response.status, 400);
  assert.match((await response.json()).error.message, /no id for \{\{jobId:2\}\}: the tool results name none/);
});

test('what asks for JSON of its form gets the structured reply, in every wire format', async () => {
  const reply = { findings: [{ line: 2 }] };
  const schema = { type: 'object', properties: { findings: { type: 'array' } }, required: ['findings'] };
  const other = { type: 'object', properties: { title: { type: 'string' } }, required: ['title'] };
  api.set({ structuredReply: reply });
  const json = async (response) => (await response).json();
  const asked = { output_config: { format: { schema } }, messages: [hello] };
  assert.deepEqual(JSON.parse((await json(post('/v1/messages', asked))).content[0].text), reply);
  const text = { format: { schema } };
  const [item] = (await json(post('/v1/responses', { text, input: 'Hello' }))).output;
  assert.deepEqual(JSON.parse(item.content[0].text), reply);
  const response_format = { json_schema: { schema } };
  const [choice] = (await json(post('/v1/chat/completions', { response_format, messages: [hello] }))).choices;
  assert.deepEqual(JSON.parse(choice.message.content), reply);
  const generated = async (responseJsonSchema, words = 'Hello') => {
    const contents = [{ role: 'user', parts: [{ text: words }] }];
    const body = { contents, ...(responseJsonSchema && { generationConfig: { responseJsonSchema } }) };
    const { candidates } = await json(post('/v1beta/models/m:generateContent', body));
    return candidates[0].content.parts[0].text;
  };
  assert.deepEqual(JSON.parse(await generated(schema)), reply);
  assert.deepEqual(JSON.parse(await generated(other)), { title: 'fake' });
  const words = (of) =>
    `Look.\n\nAnswer with JSON that fits this JSON Schema, and with nothing else.\n${JSON.stringify(of)}`;
  assert.deepEqual(JSON.parse(await generated(undefined, words(schema))), reply);
  assert.equal(await generated(undefined, words(other)), 'Fake reply to turn 1.');
  assert.throws(() => api.urlWith({ structuredReply: '{' }), /knob structuredReply must be JSON/);
});

test('a tool that takes the structured reply is called once, after those of the script', async () => {
  const reply = { findings: [] };
  const input_schema = { type: 'object', properties: { findings: { type: 'array' } } };
  const tools = [{ name: 'look' }, { name: 'StructuredOutput', input_schema }];
  api.set({ structuredReply: reply, tool: 'look', reply: 'Done.' });
  const messages = [hello];
  const said = [];
  for (let round = 0; round < 3; round += 1) {
    const { content } = await (await post('/v1/messages', { tools, messages })).json();
    said.push(content[0].name ?? content[0].text);
    messages.push({ role: 'assistant', content });
    messages.push({ role: 'user', content: [{ type: 'tool_result', tool_use_id: content[0].id, content: 'ok' }] });
  }
  assert.deepEqual(said, ['look', 'StructuredOutput', 'Done.']);
  const parameters = input_schema;
  const chat = {
    tools: [{ type: 'function', function: { name: 'structured_output', parameters } }],
    messages: [hello],
  };
  api.set({ tool: '' });
  const { choices } = await (await post('/v1/chat/completions', chat)).json();
  assert.deepEqual(JSON.parse(choices[0].message.tool_calls[0].function.arguments), reply);
});

test('hang and cut stop a stream, and the log says who hung up', { timeout: 5000 }, async () => {
  const body = { stream: true, messages: [hello] };
  await assert.rejects((await post('/v1/messages', body, api.urlWith({ cut: true }))).text());
  for (const hang of ['start', 'middle']) {
    const signal = AbortSignal.timeout(100);
    const read = async () =>
      (
        await fetch(`${api.urlWith({ hang })}/v1/messages`, { method: 'POST', body: JSON.stringify(body), signal })
      ).text();
    await assert.rejects(read(), { name: 'TimeoutError' });
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual(
    api.requests().map((r) => r.aborted),
    [true, true, true],
  );
});

test('a mistake in a knob or a route is answered, not hidden', async () => {
  assert.equal((await post('/v1/messages', {}, `${api.url}/with/delay=1`)).status, 400);
  assert.throws(() => api.urlWith({ nope: 1 }), /unknown knob/);
  assert.equal((await post('/v1/nothing', {})).status, 404);
  assert.equal(api.requests().at(-1).api, null);
});

test('credentials are not kept in the request log', async () => {
  await fetch(`${api.url}/v1/messages`, { method: 'POST', headers: { 'x-api-key': 'secret' }, body: '{}' });
  assert.equal(api.requests()[0].headers['x-api-key'], '<redacted>');
});
