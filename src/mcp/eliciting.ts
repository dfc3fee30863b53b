// What only the person can say is asked in the client, where it can ask: a folder to work in, a provider that exists.
// Where it cannot, or does not answer, the caller gets the error that says the same.
import { stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import {
  type ClientCapabilities,
  type InputRequiredResult,
  inputRequired,
  inputResponse,
  type Server,
  type ServerContext,
} from '@modelcontextprotocol/server';
import type { SidejobError } from '../errors.js';
import { approvalInFull } from '../policy/approval-text.js';
import { ApprovalNeeded } from '../policy/approvals.js';
import type { Answer } from '../policy/gate.js';

type Arguments = Record<string, unknown>;
/** What the client has answered, by what was asked: `roots`, `folder`, `provider`. */
export type Responses = Record<string, unknown>;

/** How long a client of the older protocol has for its answers in all; its own call goes on waiting meanwhile. */
const ANSWER_MS = 40_000;
/** A longer call is not one to be read in a form; the command line shows all of it. */
const FORM_MAX_CHARS = 8000;
/** Nobody reads what is to be approved in less, in milliseconds. */
const READING_MS = 500;

/** What the client has answered in this round and those before; it brings the latter along. */
export function responsesOf({ mcpReq }: ServerContext): Responses {
  return { ...earlier(mcpReq.requestState), ...mcpReq.inputResponses };
}

function earlier(state: unknown): Responses {
  const text = typeof state === 'function' ? state() : state;
  // Most calls bring none; to find that out by an error costs as much as the rest of a look at a job.
  if (text === undefined) return {};
  try {
    const value: unknown = JSON.parse(String(text));
    // A client could have sent all of it as arguments, so there is nothing to protect.
    return typeof value === 'object' && value !== null ? (value as Responses) : {};
  } catch {
    return {};
  }
}

/** What the person has said about an approval; undefined where nobody was there to say it. */
export function answerIn(
  responses: Responses,
  approval: string,
  capabilities: ClientCapabilities | undefined,
): Answer | undefined {
  if (!hasForms(capabilities)) return undefined;
  const response = inputResponse(responses, approval);
  if (response.kind !== 'elicit' || response.action === 'cancel') return undefined;
  // Headless clients decline at once (Codex 0.169), and one might accept: no person has read that form.
  const tookMs = Date.now() - Number(responses.askedAt);
  if (!(tookMs >= READING_MS)) return undefined;
  return response.action === 'accept' && response.content?.decision === 'approve' ? 'approved' : 'denied';
}

/** The arguments with what the client has answered; what the caller gave itself stays. */
export async function withResponses(args: Arguments, responses: Responses, home: string): Promise<Arguments> {
  const roots = await usableRoots(responses, home);
  const folder = contentOf(responses, 'folder')?.cwd ?? (roots.length === 1 ? roots[0] : undefined);
  const provider = contentOf(responses, 'provider')?.provider;
  return {
    ...args,
    ...(typeof folder === 'string' && args.cwd === undefined && { cwd: folder }),
    // The one that was named does not exist.
    ...(typeof provider === 'string' && { provider }),
  };
}

/**
 * What to ask instead of giving this error; undefined where nothing is to be asked, the client cannot, or it was asked
 * already. First its folders (roots), which costs nobody a thought; the person only if they do not tell.
 * @param args as the caller gave them
 * @param ready providers that could be used right now
 */
export async function askInstead(
  error: SidejobError,
  args: Arguments,
  capabilities: ClientCapabilities | undefined,
  responses: Responses,
  home: string,
  ready: () => Promise<readonly string[]>,
): Promise<InputRequiredResult | undefined> {
  const requestState = JSON.stringify(responses);
  if (error.code === 'no_folder' && args.cwd === undefined) {
    if (capabilities?.roots && responses.roots === undefined) {
      return inputRequired({ inputRequests: { roots: inputRequired.listRoots() }, requestState });
    }
    if (!hasForms(capabilities) || responses.folder !== undefined) return undefined;
    const known = await usableRoots(responses, home);
    const message = 'In which folder may the job change files?';
    return ask('folder', message, 'cwd', 'Folder (absolute path)', known, requestState);
  }
  if (error instanceof ApprovalNeeded) {
    const { id } = error.approval;
    const message = approvalInFull(error.approval);
    if (!hasForms(capabilities) || responses[id] !== undefined || message.length > FORM_MAX_CHARS) return undefined;
    const state = JSON.stringify({ ...responses, askedAt: Date.now() });
    return ask(id, `May this call pass, once?\n\n${message}`, 'decision', 'Decision', ['deny', 'approve'], state);
  }
  const named = error.code === 'unknown_provider' && typeof args.provider === 'string';
  if (!named || !hasForms(capabilities) || responses.provider !== undefined) return undefined;
  // The demo is for trying things out, and no answer to this.
  const choice = (await ready()).filter((name) => name !== 'demo');
  if (choice.length === 0) return undefined;
  const message = `There is no provider "${args.provider}". Which one?`;
  return ask('provider', message, 'provider', 'Provider', choice, requestState);
}

/**
 * Asks a client of the older protocol, which has requests of the server's own for it.
 * @param arrivedAt when its call came, on the monotonic clock in milliseconds
 * @returns its answers; undefined if it gave none in time, or an error
 */
export async function askNow(
  server: Server,
  context: ServerContext,
  { inputRequests = {}, requestState }: InputRequiredResult,
  arrivedAt: number,
): Promise<Responses | undefined> {
  const timeout = arrivedAt + ANSWER_MS - performance.now();
  if (timeout <= 0) return undefined;
  const options = { timeout, signal: context.mcpReq.signal };
  try {
    const answers = Object.entries(inputRequests).map(async ([key, { method, params }]) => {
      if (method === 'roots/list') return [key, await server.listRoots(undefined, options)] as const;
      return [key, await context.mcpReq.elicitInput(params as never, options)] as const;
    });
    return { ...earlier(requestState), ...Object.fromEntries(await Promise.all(answers)) };
  } catch {
    return undefined;
  }
}

/** A form with one field; a choice where there is something to choose from. */
function ask(
  key: string,
  message: string,
  field: string,
  title: string,
  choice: readonly string[],
  requestState: string,
): InputRequiredResult {
  const schema = { type: 'string' as const, title, ...(choice.length > 0 && { enum: [...choice] }) };
  const requestedSchema = { type: 'object' as const, properties: { [field]: schema }, required: [field] };
  return inputRequired({
    inputRequests: { [key]: inputRequired.elicit({ message, requestedSchema }) },
    requestState,
  });
}

/** Whether the client shows forms: it says so, or says no more than that it elicits. */
function hasForms(capabilities: ClientCapabilities | undefined): boolean {
  const { elicitation } = capabilities ?? {};
  return elicitation !== undefined && (elicitation.form !== undefined || Object.keys(elicitation).length === 0);
}

function contentOf(responses: Responses, key: string): Arguments | undefined {
  const response = inputResponse(responses, key);
  return response.kind === 'elicit' && response.action === 'accept' ? response.content : undefined;
}

/** The client's folders in which a job may be meant to work: not all of the disk, nor all that is the user's. */
async function usableRoots(responses: Responses, home: string): Promise<string[]> {
  const response = inputResponse(responses, 'roots');
  const paths = response.kind === 'roots' ? response.roots.map(pathOf) : [];
  const folders = await Promise.all(
    paths.map(async (path) => {
      if (path === undefined || path === '/' || path === home) return undefined;
      return (await stat(path).catch(() => undefined))?.isDirectory() ? path : undefined;
    }),
  );
  return folders.filter((path) => path !== undefined);
}

function pathOf(root: unknown): string | undefined {
  try {
    return fileURLToPath((root as { uri: string }).uri).replace(/(.)\/+$/, '$1');
  } catch {
    return undefined;
  }
}
