// What went wrong, from the words and the HTTP status an API or a CLI gives: one reading for every provider.
// Knows no CLI's event shapes; each provider finds the words, this file says what they mean.
import { stripVTControlCharacters } from 'node:util';
import { isObject, number, object, oneLine, string } from './json.js';
import type { ProviderErrorKind, ReadFailure } from './provider.js';
import { retryAfter } from './retry-after.js';

/** A failure that was looked into, down to whether trying again can heal it. */
export type Failure = ReadFailure & { fatal: boolean };

/** Longer texts are dumps; what matters stands at their beginning. */
const READ_CHARS = 8_000;
const MESSAGE_CHARS = 200;

const BY_STATUS: Readonly<Record<number, ProviderErrorKind>> = {
  401: 'auth_required',
  402: 'quota_exhausted',
  403: 'auth_required',
  404: 'model_not_found',
  413: 'context_too_long',
  429: 'rate_limited',
};

const QUOTA =
  /\bquota\b|usage limit|(?:hit|reached) your [\w -]{0,20}limit|credit balance|out of credits|insufficient_quota|billing/i;

/** In this order: "stream disconnected …: content_filter" is a refusal, "Connection refused" is not. */
const BY_WORDS: readonly (readonly [ProviderErrorKind, RegExp])[] = [
  ['quota_exhausted', QUOTA],
  ['rate_limited', /rate.?limit|too many requests|resource_exhausted/i],
  [
    'context_too_long',
    /context[_ ](?:window|length|limit)|(?:prompt|input|request) is too long|too many (?:input )?tokens|maximum number of tokens/i,
  ],
  [
    'model_not_found',
    /model_?not_?found|models\/\S+ is not found|\bmodel\b.{0,80}(?:not found|not exist|not supported)|(?:unknown|no such|invalid) model/i,
  ],
  [
    'auth_required',
    /authenticat|unauthori[sz]ed|not logged in|\/login\b|(?:log|sign) in again|api key not valid|(?:invalid|incorrect|missing|expired).{0,20}api key|oauth token|refresh token|\bcredentials\b/i,
  ],
  [
    'refused',
    /\brefusal\b|content[_ ](?:filter|policy)|prohibited_content|blocked (?:by|due to|for) safety|usage policy/i,
  ],
  [
    'network',
    /ECONN[A-Z]+|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EPIPE|connection (?:refused|failed|reset|closed|error)|stream disconnected|network|fetch failed|socket hang up|error sending request|request timed out|^terminated$/i,
  ],
];

/**
 * Reads an error text: nested JSON and decoration are taken off, and what is left is one line.
 * `status` is the HTTP status where the CLI reports one; else it is looked for in the text. `now` (milliseconds) is only
 * for limits that end at a time of day.
 */
export function failure(raw: string, status?: number, now: number = Date.now()): Failure {
  const said = stripVTControlCharacters(raw.slice(0, READ_CHARS));
  const { text, codes, status: found } = unwrap(said);
  const message = clean(text);
  const kind = kindOf(status ?? found, `${message} ${codes}`.trim());
  const retryAfterSec = kind === 'rate_limited' || kind === 'quota_exhausted' ? retryAfter(said, now) : undefined;
  return {
    kind,
    message: message || defaultMessage(status ?? found),
    fatal: isFatal(kind),
    ...(retryAfterSec !== undefined && { retryAfterSec }),
  };
}

/** Whether only a person can heal it: a wrong key, an unknown model. */
export function isFatal(kind: ProviderErrorKind): boolean {
  return kind === 'auth_required' || kind === 'model_not_found';
}

function kindOf(status: number | undefined, words: string): ProviderErrorKind {
  if (status === 429) return QUOTA.test(words) ? 'quota_exhausted' : 'rate_limited';
  // A server that fails says all sorts of things; none of them is the caller's key or model.
  if (status !== undefined && status >= 500) return 'provider_error';
  const byStatus = status === undefined ? undefined : BY_STATUS[status];
  return byStatus ?? BY_WORDS.find(([, pattern]) => pattern.test(words))?.[0] ?? 'provider_error';
}

/** The innermost message, and the codes found on the way: CLIs wrap an API's error body up to three times. */
function unwrap(raw: string): { text: string; codes: string; status?: number } {
  let text = raw;
  let status = statusIn(text);
  const codes: string[] = [];
  for (let depth = 0; depth < 3; depth += 1) {
    const body = parseObject(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1));
    const error = isObject(body?.error) ? object(body, 'error') : body;
    const inner = string(error, 'message') ?? string(error, 'error') ?? string(error, 'detail');
    if (inner === undefined) break;
    for (const key of ['code', 'type', 'status']) codes.push(string(error, key) ?? '');
    status = number(error, 'code') ?? status ?? statusIn(inner);
    text = inner;
  }
  return { text, codes: codes.join(' '), status };
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** "unexpected status 401", "last status: 429", "API Error: 400 …", "Request rejected (429)". */
function statusIn(text: string): number | undefined {
  const found = /\b(?:status|error|code):? ([45]\d\d)\b|\(([45]\d\d)\)/i.exec(text);
  return found ? Number(found[1] ?? found[2]) : undefined;
}

function clean(text: string): string {
  const line = oneLine(text, READ_CHARS)
    // The bracket closes on a later line where the message has several.
    .replace(/^\[API Error: (.*?)\]?$/, '$1')
    .replace(/^API Error: /, '')
    // Codex ends its messages with the address and the ids of the request.
    .replace(/, url: .*$/, '')
    // User info and query strings may hold keys.
    .replace(/(https?:\/\/)(?:[^\s/@]*@)?([^\s?#]*)(?:[?#]\S*)?/g, '$1$2');
  return oneLine(line, MESSAGE_CHARS);
}

function defaultMessage(status: number | undefined): string {
  return status === undefined ? 'The CLI reported an error without a message.' : `HTTP status ${status}.`;
}
