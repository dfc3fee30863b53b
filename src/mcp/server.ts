// What Sidejob offers in the protocol, and which module answers which request. Each is loaded with the first request
// that needs it: many servers are started just to be asked who they are.
import { Server } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { VERSION } from '../version.js';
import { Connection } from './connection.js';
import { INSTRUCTIONS } from './instructions.js';
import { isReplaced, part, REPLACED } from './replaced.js';
import type { Session } from './session.js';
import { TASKS } from './tasks-extension.js';

const CAPABILITIES = {
  tools: { listChanged: true },
  resources: { subscribe: true, listChanged: true },
  prompts: {},
  completions: {},
  extensions: { [TASKS]: {} },
};
const TASK_METHODS = ['tasks/get', 'tasks/update', 'tasks/cancel'] as const;
const TASK_PARAMS = z.looseObject({ taskId: z.string() });

/** One server instance for one connection (or probe); everything that lasts is in the session. */
export function createServer(session: Session): Server {
  const server = new Server(
    { name: 'sidejob', title: 'Sidejob', version: VERSION },
    { capabilities: CAPABILITIES, instructions: INSTRUCTIONS },
  );
  const connection = new Connection(server, session);
  answerTools(server, connection);
  answerResources(server, connection);
  server.setRequestHandler('prompts/list', async () => (await part(import('./prompts.js'))).listPrompts());
  server.setRequestHandler('prompts/get', async ({ params }) => (await part(import('./prompts.js'))).getPrompt(params));
  server.setRequestHandler('completion/complete', async ({ params }, context) =>
    (await part(import('./completions.js'))).complete(session, params, context),
  );
  for (const method of TASK_METHODS) {
    server.setRequestHandler(method, { params: TASK_PARAMS }, async ({ taskId }, context) =>
      (await part(import('./task-methods.js'))).answerTask(session, method, taskId, context),
    );
  }
  const endWatch = tellOfChanges(server, session);
  server.onclose = () => {
    endWatch();
    connection.close();
  };
  return server;
}

function answerTools(server: Server, connection: Connection): void {
  let calling: typeof import('./call-tool.js') | undefined;
  server.setRequestHandler('tools/list', async () =>
    (await part(import('./tools-list.js'))).listTools(connection.session.policy),
  );
  server.setRequestHandler('tools/call', async ({ params }, context) => {
    const arrivedAt = performance.now();
    try {
      // Kept: to ask the loader for what is there takes longer than most of a call.
      calling ??= await import('./call-tool.js');
      return await calling.callTool(connection, params, context, arrivedAt);
    } catch (error) {
      if (!isReplaced(error)) throw error;
      // An error of the protocol would not reach the model.
      return { content: [{ type: 'text' as const, text: REPLACED }], isError: true };
    }
  });
}

function answerResources(server: Server, connection: Connection): void {
  const { session } = connection;
  server.setRequestHandler(
    'resources/templates/list',
    async () => (await part(import('./resources.js'))).RESOURCE_TEMPLATES,
  );
  server.setRequestHandler('resources/list', async ({ params }, context) => {
    connection.noteListing();
    return (await part(import('./resources.js'))).listResources(session, params?.cursor, context);
  });
  server.setRequestHandler('resources/read', async ({ params }, context) =>
    (await part(import('./resources.js'))).readResource(session, params.uri, context),
  );
  server.setRequestHandler('resources/subscribe', async ({ params }, context) =>
    (await part(import('./resource-updates.js'))).subscribe(connection, params.uri, context),
  );
  server.setRequestHandler('resources/unsubscribe', ({ params }) => {
    connection.subscriptions.get(params.uri)?.abort();
    connection.subscriptions.delete(params.uri);
    return {};
  });
}

/**
 * Says when the policy has changed what is listed; from the beginning, for clients that know the list from before.
 * @returns ends it
 */
function tellOfChanges(server: Server, { policy }: Session): () => void {
  return policy.onChange(() => void server.sendToolListChanged().catch(() => {}));
}
