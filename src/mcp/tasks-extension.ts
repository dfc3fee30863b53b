// The extension io.modelcontextprotocol/tasks as it is declared; tasks.ts and task-methods.ts are what it does.
import {
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  MissingRequiredClientCapabilityError,
} from '@modelcontextprotocol/server';

export const TASKS = 'io.modelcontextprotocol/tasks';

/**
 * Whether the client takes tasks. It must say so with every request; what it said before does not count.
 * @param meta the request's `_meta`
 */
export function declaresTasks(meta: Record<string, unknown> | undefined): boolean {
  const capabilities = meta?.[CLIENT_CAPABILITIES_META_KEY] as ClientCapabilities | undefined;
  return capabilities?.extensions?.[TASKS] !== undefined;
}

/** The error for a client that asks for tasks without declaring them. */
export function missingTasks(): MissingRequiredClientCapabilityError {
  return new MissingRequiredClientCapabilityError({ requiredCapabilities: { extensions: { [TASKS]: {} } } });
}
