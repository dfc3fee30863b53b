#!/usr/bin/env node
/**
 * A loopback stand-in for the model APIs that LLM command line tools call.
 * One process speaks four wire formats, chosen by the request path:
 *
 *   Anthropic Messages        POST …/messages, …/messages/count_tokens
 *   OpenAI Responses          POST …/responses
 *   OpenAI Chat Completions   POST …/chat/completions
 *   Gemini                    POST …/models/<m>:generateContent, :streamGenerateContent, :countTokens
 *
 * Replies depend only on the knobs and on the request, never on other requests
 * (except `failTimes`, which counts). See README.md for the knobs.
 */
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

export const DEFAULT_KNOBS = Object.freeze({
  /** Reply text. `{{turn}}` is the 1-based turn number, `{{prompt}}` the last user text. */
  reply: 'Fake reply to turn {{turn}}.',
  /** Number of stream chunks the reply is split into. */
  chunks: 3,
  /** Pause before every chunk. */
  delayMs: 0,
  /** HTTP error status to answer with instead of a reply (0: none). */
  status: 0,
  /** How many requests fail with `status` before replies begin (0: all of them). */
  failTimes: 0,
  /** `retry-after` header, in seconds, sent with errors ('' : no header). */
  retryAfter: '',
  /** '': answer. 'start': send no byte at all. 'middle': stall after the first chunk. */
  hang: '',
  /** Drop the connection after the first chunk. */
  cut: false,
  /** Call this tool once, before replying. Ignored when the request does not offer it. */
  tool: '',
  /** JSON arguments for `tool`. `{{jobId}}`, `{{jobId:2}}`: the first, the second job id in the request's tool results. */
  toolInput: '{}',
  /** A script: a JSON list of `{tool, toolInput}`, called one after the other, offered or not. Wins over `tool`. */
  tools: '',
  /** JSON to answer a request with that asks for JSON of this form ('': the smallest value that fits its schema). */
  structuredReply: '',
  inputTokens: 11,
  outputTokens: 7,
});

const MODELS = ['fake-model', 'claude-sonnet-4-5', 'gpt-5', 'gemini-2.5-pro'];

/**
 * Starts the server on 127.0.0.1.
 * @param {{port?: number, knobs?: Partial<typeof DEFAULT_KNOBS>, onRequest?: (entry: object) => void}} [options]
 */
export async function startFakeModelApi({ port = 0, knobs = {}, onRequest } = {}) {
  const initial = { ...DEFAULT_KNOBS, ...checkKnobs(knobs) };
  let current = initial;
  let requests = [];
  const failures = new Map();

  const server = createServer((req, res) => {
    handle(req, res).catch((error) => {
      if (res.headersSent) res.destroy();
      else
        sendJson(res, error instanceof KnobError ? 400 : 500, {
          error: { message: `fake-model-api: ${error.message}` },
        });
    });
  });

  async function handle(req, res) {
    const body = await readBody(req);
    if (req.url.startsWith('/__fake/')) return control(req, res, body);
    // Codex offers a WebSocket first; 426 makes it fall back to plain HTTP at once.
    if (req.headers.upgrade) return sendJson(res, 426, { error: { message: 'fake-model-api speaks plain HTTP only' } });

    const { path, scope, overrides } = splitKnobs(req.url);
    const effective = { ...current, ...overrides };
    const api = apiFor(req.method, path);
    const request = parseJson(body) ?? {};
    const entry = {
      at: Date.now(),
      method: req.method,
      path,
      api: api?.name ?? null,
      headers: redact(req.headers),
      body: request,
    };
    requests.push(entry);
    onRequest?.(entry);
    res.on('close', () => {
      entry.aborted = !res.writableFinished;
    });

    if (!api) return sendJson(res, 404, { error: { message: `fake-model-api has no ${req.method} ${path}` } });
    if (!api.turn) return sendJson(res, 200, api.answer(request, effective, path));

    if (effective.hang === 'start') return;
    if (shouldFail(scope, effective)) {
      const headers = effective.retryAfter === '' ? {} : { 'retry-after': String(effective.retryAfter) };
      return sendJson(res, effective.status, api.error(effective.status), headers);
    }
    const turn = planTurn(api.turn(request, path), effective);
    if (!turn.stream) {
      await sleep(effective.delayMs * turn.chunks.length);
      return sendJson(res, 200, api.whole(turn));
    }
    await stream(res, api.frames(turn), effective);
  }

  /** Counts failures per scope, so that jobs with different base URLs do not share a counter. */
  function shouldFail(scope, { status, failTimes }) {
    if (!status) return false;
    const count = (failures.get(scope) ?? 0) + 1;
    failures.set(scope, count);
    return failTimes === 0 || count <= failTimes;
  }

  function control(req, res, body) {
    if (req.url === '/__fake/requests') return sendJson(res, 200, requests);
    if (req.url === '/__fake/knobs' && req.method === 'POST') set(checkKnobs(parseJson(body)));
    if (req.url === '/__fake/reset' && req.method === 'POST') reset();
    return sendJson(res, 200, current);
  }

  function set(next) {
    current = { ...current, ...next };
    failures.clear();
  }

  function reset() {
    current = initial;
    requests = [];
    failures.clear();
  }

  await new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${server.address().port}`;
  return {
    url,
    port: server.address().port,
    /** Base URL whose requests use these knobs on top of the server's own. */
    urlWith: (extra) => `${url}/with/${new URLSearchParams(checkKnobs(extra))}`,
    requests: () => requests,
    set: (next) => set(checkKnobs(next)),
    reset,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

// ---------------------------------------------------------------- knobs

/** A test asked for something this server does not have: answered with 400, which tools do not wait on. */
class KnobError extends Error {}

/** Splits `/with/status=429&id=a/v1/messages` into the API path, the knob scope and the knobs. */
function splitKnobs(url) {
  const path = url.split('?')[0];
  const match = /^\/with\/([^/]+)(\/.*)?$/.exec(path);
  if (!match) return { path, scope: '', overrides: {} };
  return {
    path: match[2] ?? '/',
    scope: match[1],
    overrides: checkKnobs(Object.fromEntries(new URLSearchParams(match[1]))),
  };
}

/** Converts text values to the type of the default. `id` is free text that only separates scopes. */
function checkKnobs(values) {
  const out = {};
  for (const [name, value] of Object.entries(values ?? {})) {
    if (name === 'id') out.id = String(value);
    else if (!(name in DEFAULT_KNOBS)) throw new KnobError(`unknown knob: ${name}`);
    else if (typeof DEFAULT_KNOBS[name] === 'number') out[name] = toNumber(name, value);
    else if (typeof DEFAULT_KNOBS[name] === 'boolean') out[name] = value === true || value === 'true' || value === '1';
    else out[name] = typeof value === 'object' ? JSON.stringify(value) : String(value);
  }
  if (out.tools && !Array.isArray(parseJson(out.tools))) throw new KnobError('knob tools must be a JSON list');
  for (const name of ['toolInput', 'structuredReply']) {
    if (out[name] && parseJson(out[name]) === undefined) throw new KnobError(`knob ${name} must be JSON`);
  }
  return out;
}

function toNumber(name, value) {
  const number = Number(value);
  if (!Number.isFinite(number) || number < 0) throw new KnobError(`knob ${name} must be a number >= 0`);
  return number;
}

// ---------------------------------------------------------------- one model turn

/**
 * @typedef {object} Turn  What the model "says" to one request, before it is put in a wire format.
 * @property {string} id
 * @property {string} model
 * @property {boolean} stream
 * @property {string} text
 * @property {string[]} chunks
 * @property {{id: string, name: string, input: object} | null} tool
 * @property {{input: number, output: number}} usage
 */

let nextId = 0;

/** @returns {Turn} */
function planTurn(request, knobs) {
  const { model, stream, prompt, turn, namespaces, toolResults, schema } = request;
  const call = nextCall(request, knobs);
  const text = isForm(schema ?? schemaIn(prompt), knobs)
    ? knobs.structuredReply
    : schema
      ? JSON.stringify(exampleOf(schema))
      : knobs.reply.replaceAll('{{turn}}', String(turn)).replaceAll('{{prompt}}', prompt);
  const id = String(++nextId).padStart(4, '0');
  return {
    id,
    model,
    stream,
    namespaces,
    text: call ? '' : text,
    chunks: call ? [] : split(text, knobs.chunks),
    tool: call ? { id: `call_${id}`, name: call.tool, input: withJobIds(call.toolInput ?? {}, toolResults) } : null,
    usage: { input: knobs.inputTokens, output: knobs.outputTokens },
  };
}

/** The tool that the model calls now, if any: as scripted, and the one that takes the structured reply after that. */
function nextCall({ toolNames, toolsDone, forms }, knobs) {
  const { tool, toolInput, tools, structuredReply } = knobs;
  const once = tool !== '' && toolNames.includes(tool) ? [{ tool, toolInput: JSON.parse(toolInput) }] : [];
  const script = tools === '' ? once : parseJson(tools);
  const taker = (forms ?? []).find(({ name, schema }) => FORM_TOOLS.has(name) && isForm(schema, knobs));
  return [...script, ...(taker ? [{ tool: taker.name, toolInput: JSON.parse(structuredReply) }] : [])][toolsDone];
}

/** The tools by which CLIs have a model answer in the form of a schema: Claude Code's, and Qwen Code's. */
const FORM_TOOLS = new Set(['StructuredOutput', 'structured_output']);

/** Whether a schema asks for what `structuredReply` is, by the names at its top: tools send schemas for side calls, too. */
function isForm(schema, { structuredReply }) {
  if (!schema || structuredReply === '') return false;
  const names = Object.keys(JSON.parse(structuredReply));
  return (
    names.every((name) => schema.properties?.[name]) && (schema.required ?? []).every((name) => names.includes(name))
  );
}

/** The schema that the prompt asks for in words, as Sidejob's does for CLIs without a flag. */
function schemaIn(prompt) {
  const [, json = ''] = /fits this JSON Schema[^\n]*\n(\{[^\n]*\})/.exec(prompt) ?? [];
  return parseJson(json);
}

/** Sidejob's ids: a provider's name and eight characters without i, l, o and u. */
const JOB_ID = /\b[a-z]+-[0-9a-hjkmnp-tv-z]{8}\b/g;

/** Fills the ids in that a script cannot know beforehand: in the order in which the tool results first name them. */
function withJobIds(input, toolResults) {
  const ids = [...new Set(stringsIn(toolResults).flatMap((text) => text.match(JOB_ID) ?? []))];
  const text = JSON.stringify(input).replaceAll(/\{\{jobId(?::(\d+))?\}\}/g, (placeholder, number = 1) => {
    const id = ids[number - 1];
    if (!id) throw new KnobError(`no id for ${placeholder}: the tool results name ${ids.join(', ') || 'none'}`);
    return id;
  });
  return JSON.parse(text);
}

/** Every text in a JSON value. */
function stringsIn(value) {
  if (typeof value === 'string') return [value];
  return value && typeof value === 'object' ? Object.values(value).flatMap(stringsIn) : [];
}

/** All tool results, and how many of them stand after the last words of the user's. */
function toolResultsIn(items, isUser, isResult) {
  return {
    toolResults: items.filter(isResult),
    toolsDone: items.slice(items.findLastIndex(isUser) + 1).filter(isResult).length,
  };
}

function split(text, parts) {
  const size = Math.max(1, Math.ceil(text.length / Math.max(1, parts)));
  const chunks = [];
  for (let at = 0; at < text.length; at += size) chunks.push(text.slice(at, at + size));
  return chunks.length > 0 ? chunks : [''];
}

/** The smallest value a JSON schema allows, roughly: tools send schemas for their side calls. */
function exampleOf(schema) {
  if (schema.enum) return schema.enum[0];
  if (schema.anyOf) return exampleOf(schema.anyOf[0]);
  const type = String(Array.isArray(schema.type) ? schema.type[0] : schema.type).toLowerCase();
  if (type === 'object' || schema.properties) {
    return Object.fromEntries(Object.entries(schema.properties ?? {}).map(([key, value]) => [key, exampleOf(value)]));
  }
  if (type === 'array') return [];
  if (type === 'boolean') return false;
  if (type === 'number' || type === 'integer') return schema.minimum ?? 1;
  return 'fake';
}

const textOf = (content) =>
  typeof content === 'string'
    ? content
    : (content ?? [])
        .map((part) => part.text ?? '')
        .filter(Boolean)
        .join('\n');

/** Turn number: 1 + how many times the user spoke again after the assistant had. */
function turnNumber(roles) {
  let turns = 0;
  let last = '';
  for (const role of roles) {
    if (role === 'user' && last !== 'user') turns += 1;
    last = role;
  }
  return Math.max(1, turns);
}

// ---------------------------------------------------------------- wire formats

const anthropic = {
  name: 'anthropic',
  turn(request) {
    const messages = request.messages ?? [];
    const isToolResult = (m) => Array.isArray(m.content) && m.content.some((part) => part.type === 'tool_result');
    const spoken = messages.filter((m) => !isToolResult(m) && m.role !== 'system');
    return {
      model: request.model,
      stream: request.stream === true,
      prompt: textOf(spoken.findLast((m) => m.role === 'user')?.content),
      turn: turnNumber(spoken.map((m) => m.role)),
      toolNames: (request.tools ?? []).map((tool) => tool.name),
      forms: (request.tools ?? []).map(({ name, input_schema: schema }) => ({ name, schema })),
      ...toolResultsIn(messages, (m) => m.role === 'user' && !isToolResult(m), isToolResult),
      schema: request.output_config?.format?.schema ?? request.output_format?.schema,
    };
  },
  message: (turn, content) => ({
    id: `msg_${turn.id}`,
    type: 'message',
    role: 'assistant',
    model: turn.model,
    content,
    stop_reason: turn.tool ? 'tool_use' : 'end_turn',
    stop_sequence: null,
    usage: {
      input_tokens: turn.usage.input,
      output_tokens: turn.usage.output,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
    },
  }),
  whole: (turn) =>
    anthropic.message(turn, [turn.tool ? { type: 'tool_use', ...turn.tool } : { type: 'text', text: turn.text }]),
  *frames(turn) {
    const event = (type, rest) => ({ event: type, data: { type, ...rest } });
    const start = anthropic.message(turn, []);
    yield event('message_start', {
      message: { ...start, stop_reason: null, usage: { ...start.usage, output_tokens: 1 } },
    });
    const block = turn.tool
      ? { type: 'tool_use', id: turn.tool.id, name: turn.tool.name, input: {} }
      : { type: 'text', text: '' };
    yield event('content_block_start', { index: 0, content_block: block });
    if (turn.tool) {
      yield event('content_block_delta', {
        index: 0,
        delta: { type: 'input_json_delta', partial_json: JSON.stringify(turn.tool.input) },
      });
    }
    for (const text of turn.chunks) {
      yield { ...event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } }), chunk: true };
    }
    yield event('content_block_stop', { index: 0 });
    yield event('message_delta', {
      delta: { stop_reason: start.stop_reason, stop_sequence: null },
      usage: { output_tokens: turn.usage.output },
    });
    yield event('message_stop', {});
  },
  error(status) {
    const types = {
      400: 'invalid_request_error',
      401: 'authentication_error',
      403: 'permission_error',
      404: 'not_found_error',
      429: 'rate_limit_error',
      529: 'overloaded_error',
    };
    return {
      type: 'error',
      error: { type: types[status] ?? 'api_error', message: `fake error ${status}` },
      request_id: 'req_fake',
    };
  },
};

const responses = {
  name: 'openai-responses',
  turn(request) {
    const items =
      typeof request.input === 'string' ? [{ role: 'user', content: request.input }] : (request.input ?? []);
    const spoken = items.filter((item) => item.role === 'user' || item.role === 'assistant');
    return {
      model: request.model,
      stream: request.stream === true,
      prompt: textOf(spoken.findLast((item) => item.role === 'user')?.content),
      turn: turnNumber(spoken.map((item) => item.role)),
      toolNames: (request.tools ?? []).flatMap((tool) =>
        tool.type === 'namespace' ? tool.tools.map((t) => `${tool.name}__${t.name}`) : tool.name,
      ),
      namespaces: (request.tools ?? []).filter((tool) => tool.type === 'namespace').map((tool) => tool.name),
      ...toolResultsIn(
        items,
        (item) => item.role === 'user',
        (item) => String(item.type).endsWith('_call_output'),
      ),
      schema: request.text?.format?.schema,
    };
  },
  /** Codex groups an MCP server's tools in a namespace: the knob's `mcp__server__tool` is called by both parts. */
  toolName(turn) {
    const namespace = turn.namespaces?.find((name) => turn.tool.name.startsWith(`${name}__`));
    return namespace ? { namespace, name: turn.tool.name.slice(namespace.length + 2) } : { name: turn.tool.name };
  },
  item: (turn) =>
    turn.tool
      ? {
          id: `fc_${turn.id}`,
          type: 'function_call',
          status: 'completed',
          call_id: turn.tool.id,
          ...responses.toolName(turn),
          arguments: JSON.stringify(turn.tool.input),
        }
      : {
          id: `msg_${turn.id}`,
          type: 'message',
          status: 'completed',
          role: 'assistant',
          content: [{ type: 'output_text', text: turn.text, annotations: [] }],
        },
  whole: (turn) => ({
    id: `resp_${turn.id}`,
    object: 'response',
    created_at: 0,
    status: 'completed',
    model: turn.model,
    output: [responses.item(turn)],
    usage: {
      input_tokens: turn.usage.input,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: turn.usage.output,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: turn.usage.input + turn.usage.output,
    },
  }),
  *frames(turn) {
    let sequence = 0;
    const event = (type, rest) => ({ event: type, data: { type, sequence_number: sequence++, ...rest } });
    const item = responses.item(turn);
    const at = { item_id: item.id, output_index: 0 };
    yield event('response.created', {
      response: { ...responses.whole(turn), status: 'in_progress', output: [], usage: null },
    });
    if (turn.tool) {
      yield event('response.output_item.added', {
        output_index: 0,
        item: { ...item, status: 'in_progress', arguments: '' },
      });
      yield event('response.function_call_arguments.delta', { ...at, delta: item.arguments });
      yield event('response.function_call_arguments.done', { ...at, arguments: item.arguments });
    } else {
      yield event('response.output_item.added', {
        output_index: 0,
        item: { ...item, status: 'in_progress', content: [] },
      });
      yield event('response.content_part.added', {
        ...at,
        content_index: 0,
        part: { type: 'output_text', text: '', annotations: [] },
      });
      for (const delta of turn.chunks) {
        yield { ...event('response.output_text.delta', { ...at, content_index: 0, delta }), chunk: true };
      }
      yield event('response.output_text.done', { ...at, content_index: 0, text: turn.text });
      yield event('response.content_part.done', { ...at, content_index: 0, part: item.content[0] });
    }
    yield event('response.output_item.done', { output_index: 0, item });
    yield event('response.completed', { response: responses.whole(turn) });
  },
  error: openAiError,
};

const chat = {
  name: 'openai-chat',
  turn(request) {
    const messages = request.messages ?? [];
    const spoken = messages.filter((m) => m.role === 'user' || m.role === 'assistant');
    return {
      model: request.model,
      stream: request.stream === true,
      prompt: textOf(spoken.findLast((m) => m.role === 'user')?.content),
      turn: turnNumber(spoken.map((m) => m.role)),
      toolNames: (request.tools ?? []).map((tool) => tool.function?.name),
      forms: (request.tools ?? []).map(({ function: of }) => ({ name: of?.name, schema: of?.parameters })),
      ...toolResultsIn(
        messages,
        (m) => m.role === 'user',
        (m) => m.role === 'tool',
      ),
      schema: request.response_format?.json_schema?.schema,
    };
  },
  usage: ({ usage }) => ({
    prompt_tokens: usage.input,
    completion_tokens: usage.output,
    total_tokens: usage.input + usage.output,
  }),
  calls: ({ tool }) => [
    { index: 0, id: tool.id, type: 'function', function: { name: tool.name, arguments: JSON.stringify(tool.input) } },
  ],
  finish: (turn) => (turn.tool ? 'tool_calls' : 'stop'),
  whole: (turn) => ({
    id: `chatcmpl-${turn.id}`,
    object: 'chat.completion',
    created: 0,
    model: turn.model,
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: turn.tool ? null : turn.text,
          ...(turn.tool && { tool_calls: chat.calls(turn) }),
        },
        finish_reason: chat.finish(turn),
      },
    ],
    usage: chat.usage(turn),
  }),
  *frames(turn) {
    const base = { id: `chatcmpl-${turn.id}`, object: 'chat.completion.chunk', created: 0, model: turn.model };
    const choice = (delta, finish = null) => ({
      data: { ...base, choices: [{ index: 0, delta, finish_reason: finish }] },
    });
    yield choice({ role: 'assistant', content: '' });
    if (turn.tool) yield choice({ tool_calls: chat.calls(turn) });
    for (const content of turn.chunks) yield { ...choice({ content }), chunk: true };
    yield choice({}, chat.finish(turn));
    yield { data: { ...base, choices: [], usage: chat.usage(turn) } };
    yield { data: '[DONE]' };
  },
  error: openAiError,
};

const gemini = {
  name: 'gemini',
  turn(request, path) {
    const contents = request.contents ?? [];
    const isToolResult = (c) => (c.parts ?? []).some((part) => part.functionResponse);
    const spoken = contents.filter((c) => !isToolResult(c));
    const config = request.generationConfig ?? {};
    return {
      model: /models\/([^:]+)/.exec(path)?.[1],
      stream: path.endsWith(':streamGenerateContent'),
      prompt: textOf(spoken.findLast((c) => c.role === 'user')?.parts),
      turn: turnNumber(spoken.map((c) => c.role)),
      toolNames: (request.tools ?? []).flatMap((tool) => tool.functionDeclarations ?? []).map((f) => f.name),
      ...toolResultsIn(contents, (c) => c.role === 'user' && !isToolResult(c), isToolResult),
      schema: config.responseJsonSchema ?? config.responseSchema,
    };
  },
  response: (turn, parts, finishReason) => ({
    candidates: [{ index: 0, content: { role: 'model', parts }, ...(finishReason && { finishReason }) }],
    usageMetadata: {
      promptTokenCount: turn.usage.input,
      candidatesTokenCount: turn.usage.output,
      totalTokenCount: turn.usage.input + turn.usage.output,
    },
    modelVersion: turn.model,
    responseId: `resp_${turn.id}`,
  }),
  call: ({ tool }) => ({ functionCall: { id: tool.id, name: tool.name, args: tool.input } }),
  whole: (turn) => gemini.response(turn, [turn.tool ? gemini.call(turn) : { text: turn.text }], 'STOP'),
  *frames(turn) {
    if (turn.tool) yield { data: gemini.response(turn, [gemini.call(turn)], 'STOP') };
    for (const [index, text] of turn.chunks.entries()) {
      const last = index === turn.chunks.length - 1;
      yield { data: gemini.response(turn, [{ text }], last ? 'STOP' : undefined), chunk: true };
    }
  },
  error(status) {
    const names = {
      400: 'INVALID_ARGUMENT',
      401: 'UNAUTHENTICATED',
      403: 'PERMISSION_DENIED',
      404: 'NOT_FOUND',
      429: 'RESOURCE_EXHAUSTED',
      503: 'UNAVAILABLE',
    };
    return { error: { code: status, message: `fake error ${status}`, status: names[status] ?? 'INTERNAL' } };
  },
};

function openAiError(status) {
  const invalid = 'invalid_request_error';
  const types = { 400: invalid, 401: invalid, 404: invalid, 429: 'rate_limit_exceeded' };
  const codes = { 401: 'invalid_api_key', 404: 'model_not_found', 429: 'rate_limit_exceeded' };
  return {
    error: {
      message: `fake error ${status}`,
      type: types[status] ?? 'server_error',
      param: null,
      code: codes[status] ?? null,
    },
  };
}

const countTokens = {
  name: 'count-tokens',
  answer: (_request, knobs, path) =>
    path.includes(':') ? { totalTokens: knobs.inputTokens } : { input_tokens: knobs.inputTokens },
};
const modelList = {
  name: 'models',
  answer: () => ({
    object: 'list',
    data: MODELS.map((id) => ({ id, object: 'model', type: 'model', display_name: id, created: 0, owned_by: 'fake' })),
    has_more: false,
  }),
};

function apiFor(method, path) {
  if (method === 'GET' && path.endsWith('/models')) return modelList;
  if (method !== 'POST') return undefined;
  if (path.endsWith('/messages')) return anthropic;
  if (path.endsWith('/messages/count_tokens') || path.endsWith(':countTokens')) return countTokens;
  if (path.endsWith('/chat/completions')) return chat;
  if (path.endsWith('/responses')) return responses;
  if (/:(stream)?generateContent$/i.test(path)) return gemini;
  return undefined;
}

// ---------------------------------------------------------------- HTTP

async function stream(res, frames, { delayMs, hang, cut }) {
  res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  for (const { event, data, chunk } of frames) {
    if (res.destroyed) return;
    if (chunk && delayMs > 0) await sleep(delayMs);
    const text = typeof data === 'string' ? data : JSON.stringify(data);
    await written(res, `${event ? `event: ${event}\n` : ''}data: ${text}\n\n`);
    if (chunk && hang === 'middle') return;
    if (chunk && cut) return res.destroy();
  }
  res.end();
}

/** Resolves when the text has left this process, so that `cut` does not take it back. */
const written = (res, text) => new Promise((resolve) => res.write(text, () => resolve()));

function sendJson(res, status, value, headers = {}) {
  res.writeHead(status, { 'content-type': 'application/json', ...headers });
  res.end(JSON.stringify(value));
}

async function readBody(req) {
  const parts = [];
  for await (const part of req) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
}

/** The parsed value, or undefined where the text is not JSON. */
function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Keeps which credential header was used, but not its value. */
function redact(headers) {
  const secret = new Set(['authorization', 'x-api-key', 'x-goog-api-key', 'api-key']);
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, secret.has(name) ? '<redacted>' : value]),
  );
}

// ---------------------------------------------------------------- command line

async function main() {
  const flags = Object.fromEntries(Object.keys(DEFAULT_KNOBS).map((name) => [name, { type: 'string' }]));
  const { values } = parseArgs({
    options: { port: { type: 'string', default: '0' }, log: { type: 'boolean', default: false }, ...flags },
  });
  const { port, log, ...knobs } = values;
  const onRequest = log
    ? (entry) => console.error(`${entry.method} ${entry.path} -> ${entry.api ?? 'no such route'}`)
    : undefined;
  const api = await startFakeModelApi({ port: Number(port), knobs, onRequest });
  console.log(api.url);
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => api.close().then(() => process.exit(0)));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
