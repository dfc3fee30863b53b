// What only the person can say is asked in the client, where it can ask: a folder to work in, a provider that exists.
// Where it cannot, or the person does not answer, the caller gets the error that says the same.

import { fileURLToPath } from 'node:url';
import {
  type ClientCapabilities,
  type InputRequiredResult,
  inputRequired,
  inputResponse,
} from '@modelcontextprotocol/server';
import type { SidejobError } from '../errors.js';

type Arguments = Record<string, unknown>;
type Responses = Record<string, unknown> | undefined;

/** The arguments with what the client has answered meanwhile; what the caller gave itself stays. */
export function withResponses(args: Arguments, responses: Responses): Arguments {
  const folder = contentOf(responses, 'folder')?.cwd ?? onlyRoot(responses);
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
 * @param ready providers that could be used right now
 */
export async function askInstead(
  error: SidejobError,
  args: Arguments,
  capabilities: ClientCapabilities | undefined,
  responses: Responses,
  ready: () => Promise<readonly string[]>,
): Promise<InputRequiredResult | undefined> {
  if (error.code === 'no_folder' && args.cwd === undefined) {
    const roots = inputResponse(responses, 'roots');
    if (capabilities?.roots && roots.kind === 'missing' && !responses) {
      return inputRequired({ inputRequests: { roots: inputRequired.listRoots() } });
    }
    if (!capabilities?.elicitation || inputResponse(responses, 'folder').kind !== 'missing') return undefined;
    const known =
      roots.kind === 'roots' ? roots.roots.map(({ uri }) => pathOf(uri)).filter((path) => path !== undefined) : [];
    return ask('folder', 'In which folder may the job change files?', 'cwd', 'Folder (absolute path)', known);
  }
  const named = error.code === 'unknown_provider' && typeof args.provider === 'string';
  if (!named || !capabilities?.elicitation || responses) return undefined;
  // The demo is for trying things out, and no answer to this.
  const choice = (await ready()).filter((name) => name !== 'demo');
  if (choice.length === 0) return undefined;
  return ask('provider', `There is no provider "${args.provider}". Which one?`, 'provider', 'Provider', choice);
}

/** A form with one field; a choice where there is something to choose from. */
function ask(
  key: string,
  message: string,
  field: string,
  title: string,
  choice: readonly string[],
): InputRequiredResult {
  const schema = { type: 'string' as const, title, ...(choice.length > 0 && { enum: [...choice] }) };
  const requestedSchema = { type: 'object' as const, properties: { [field]: schema }, required: [field] };
  return inputRequired({ inputRequests: { [key]: inputRequired.elicit({ message, requestedSchema }) } });
}

function contentOf(responses: Responses, key: string): Arguments | undefined {
  const response = inputResponse(responses, key);
  return response.kind === 'elicit' && response.action === 'accept' ? response.content : undefined;
}

/** The folder of a client that has just one. */
function onlyRoot(responses: Responses): string | undefined {
  const response = inputResponse(responses, 'roots');
  return response.kind === 'roots' && response.roots.length === 1 ? pathOf(response.roots[0]?.uri ?? '') : undefined;
}

function pathOf(uri: string): string | undefined {
  try {
    return fileURLToPath(uri);
  } catch {
    return undefined;
  }
}
