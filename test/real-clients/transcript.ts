// A talk as a text that is the same in every run: what the model was shown of Sidejob, with its bytes, and what client
// and server said to each other. Ids, times and folders are masked in their own length where they have one.
import { countTokens } from 'gpt-tokenizer';
import { CLIENTS, type Exchange } from './clients.js';
import type { Seat, Talk } from './seat.js';
import type { Message } from './wire.mjs';

/** The talks of one script, one below the other. */
export function transcript(seat: Seat, talks: Talk[]): string {
  const mask = masker(seat);
  return talks.map((talk) => mask(talkText(talk, mask))).join('\n\n===\n\n');
}

function talkText(talk: Talk, mask: (text: string) => string): string {
  const last = talk.requests.at(-1)?.body ?? {};
  const exchanges = CLIENTS[talk.client].exchanges(last);
  return [
    clientLine(talk),
    ...toolLines(talk),
    ...wireLines(talk),
    `requests to the model: ${talk.requests.length}`,
    costLine(talk, exchanges, mask),
    ...exchanges.flatMap((exchange) => ['', ...exchangeLines(exchange, mask)]),
    '',
  ].join('\n');
}

/** Who the client says it is, in which version of the protocol, and what it can do. */
function clientLine({ wire }: Talk): string {
  const [first] = wire.flatMap((line) => (line.from === 'client' && 'message' in line ? line.message : []));
  const { protocolVersion, clientInfo, capabilities } = (
    first?.method === 'initialize' ? first.params : envelopeOf(first)
  ) as { protocolVersion: string; clientInfo: { name: string; version: string }; capabilities: object };
  return `client: ${clientInfo.name} ${clientInfo.version}, ${protocolVersion}, ${JSON.stringify(capabilities)}`;
}

/** What a request says since 2026-07-28, in the names of `initialize`. */
function envelopeOf(message: Message | undefined): object {
  const meta = (message?.params?._meta ?? {}) as Record<string, unknown>;
  const of = (name: string) => meta[`io.modelcontextprotocol/${name}`];
  return {
    protocolVersion: of('protocolVersion'),
    clientInfo: of('clientInfo'),
    capabilities: of('clientCapabilities'),
  };
}

/** What the tools and the instructions take of the model's first and last request. */
function toolLines({ client, requests, wire }: Talk): string[] {
  const { toolsShown } = CLIENTS[client];
  const [first = {}, last = {}] = [requests[0]?.body, requests.at(-1)?.body];
  const sizes = [first, last].map((body) => sizeOf(toolsShown(body)));
  const instructions = instructionsOf({ wire });
  const shown = JSON.stringify(first).includes(JSON.stringify(instructions).slice(1, -1));
  return [
    `tools: ${[...new Set(sizes)].join(', at the end ')}`,
    `instructions: ${measure(instructions)}, ${shown ? 'shown' : 'not shown'}`,
  ];
}

function instructionsOf({ wire }: Pick<Talk, 'wire'>): string {
  const [instructions = ''] = wire.flatMap((line) => {
    const said = 'message' in line ? line.message.result?.instructions : undefined;
    return typeof said === 'string' ? said : [];
  });
  return instructions;
}

function sizeOf(shown: unknown[]): string {
  const text = JSON.stringify(shown);
  return `${[...text.matchAll(/"name":"\w*llm_/g)].length} in ${measure(text)}`;
}

/** Bytes, and tokens as OpenAI's newest models count them (o200k): near enough for the others, whose count is not public. */
function measure(text: string): string {
  return `${Buffer.byteLength(text)} bytes, ${countTokens(text)} tokens`;
}

/** What the talk has cost the model's context in Sidejob's words: tools and instructions once, and every result. */
function costLine(talk: Talk, exchanges: readonly Exchange[], mask: (text: string) => string): string {
  const { client, requests } = talk;
  const tools = JSON.stringify(CLIENTS[client].toolsShown(requests.at(-1)?.body ?? {}));
  const texts = [tools, instructionsOf(talk), ...exchanges.filter(isOurs).map(({ result }) => mask(result))];
  const calls = exchanges.filter(isOurs).map(({ tool, input }) => mask(`${tool} ${JSON.stringify(input)}`));
  const sum = (parts: readonly string[]) => parts.reduce((total, part) => total + countTokens(part), 0);
  return `tokens of the talk: ${sum(texts)} shown, ${sum(calls)} in calls`;
}

/** What its own tools say is the client's affair. */
function isOurs({ tool }: Exchange): boolean {
  return tool.startsWith('llm_') || tool === 'ToolSearch';
}

/** The calls that reached the server, how many of them the client gave up, and how the client took questions. */
function wireLines({ wire }: Talk): string[] {
  const messages = wire.flatMap((line) => ('message' in line ? line.message : []));
  const calls = messages.filter(({ method }) => method === 'tools/call').map(({ params }) => params?.name);
  // Until 2025-11-25 the answer is a message; since 2026-07-28 it comes with the call, made once more.
  const answers = messages.flatMap(({ result, params }) => [result, ...Object.values(params?.inputResponses ?? {})]);
  const actions = answers.flatMap((answer) => (answer as { action?: string } | undefined)?.action ?? []);
  return [
    `calls to the server: ${calls.join(', ')}`,
    `calls cancelled by the client: ${messages.filter(({ method }) => method === 'notifications/cancelled').length}`,
    ...(actions.length > 0 ? [`answers to the server's questions: ${actions.join(', ')}`] : []),
  ];
}

function exchangeLines(exchange: Exchange, mask: (text: string) => string): string[] {
  const { tool, input, result, isError } = exchange;
  const call = `> ${tool} ${JSON.stringify(input)}`;
  if (!isOurs(exchange)) return [call];
  const text = mask(result);
  return [call, `${measure(text)}${isError ? ', an error' : ''}:`, text];
}

/** Masks what differs from run to run; what is masked already stays as it is. */
function masker({ root }: Seat): (text: string) => string {
  const ids: string[] = [];
  /** Eight characters as in an id, and one of them that no id has. */
  const nameOf = (id: string) => {
    if (!ids.includes(id)) ids.push(id);
    return `job${String(ids.indexOf(id) + 1).padStart(5, '0')}`;
  };
  return (text) =>
    text
      .replaceAll(root, '/seat')
      .replaceAll(process.execPath, '/bin/node')
      .replace(/\b([a-z]+)-([0-9a-hjkmnp-tv-z]{8})\b/g, (id, provider) => `${provider}-${nameOf(id)}`)
      .replace(/[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/g, 'UUID')
      .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, 'TIME')
      .replace(/\b\d+(\.\d+)? s\b/g, '0 s')
      .replace(/Wall time: [\d.]+ seconds/g, 'Wall time: 0 seconds')
      .replace(/"(elapsedSec|idleSec)":[\d.]+/g, '"$1":0')
      // The order in which a judge has read is random.
      .replace(/^Weighed: .*$/m, (line) => {
        const jobs = [...line.matchAll(/\w+-job\d+/g)].map(([job]) => job).sort();
        return `Weighed: ${jobs.map((job, index) => `${'ABCDEFGH'[index]} ${job}`).join(', ')}.`;
      })
      // The folder's name is part of what a CLI prints.
      .replace(/"stdoutBytes":\d+/g, '"stdoutBytes":999');
}
