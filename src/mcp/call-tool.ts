// `tools/call`: finds the tool, has the policy decide, and shapes what comes of it. Loaded with the first call.
import {
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  type ClientCapabilities,
  type InputRequiredResult,
  isInputRequiredResult,
  type Server,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { messageOf, SidejobError } from '../errors.js';
import { ApprovalUsed } from '../policy/gate.js';
import { isHidden } from '../policy/policy.js';
import { STARTING_TOOLS } from '../policy/tools.js';
import { parseArguments } from './arguments.js';
import type { Connection } from './connection.js';
import { answerIn, askInstead, askNow, type Responses, responsesOf, withResponses } from './eliciting.js';
import { cutEnd, ERROR_MAX_CHARS } from './fit.js';
import { maskedReply } from './masked.js';
import { Progress } from './progress.js';
import { TOOLS } from './registry.js';
import { isReplaced, REPLACED } from './replaced.js';
import type { Session } from './session.js';
import { declaresTasks } from './tasks-extension.js';
import type { Call, Reply, Tool } from './tool.js';

interface Params {
  name: string;
  arguments?: unknown;
}

/**
 * Answers one call of a tool. Whatever goes wrong with it is a result, too: only those reach the model.
 * @param arrivedAt when the call came, on the monotonic clock in milliseconds
 */
export async function callTool(connection: Connection, params: Params, context: ServerContext, arrivedAt: number) {
  const { server, session } = connection;
  session.secrets.prepare();
  const tool = TOOLS.find(({ name }) => name === params.name);
  const progress = progressOf(context, session);
  const asking = { server, context, clientName: clientNameOf(server, context), arrivedAt, progress };
  try {
    const reply = await answer(session, tool, params, asking, responsesOf(context));
    if (isInputRequiredResult(reply)) return reply;
    if (tool && !reply.isError) connection.noteCall(tool.name);
    return await maskedReply(session.secrets, toResult(reply));
  } finally {
    progress?.end();
  }
}

/** Who calls, and how they can be asked. */
interface Asking {
  server: Server;
  context: ServerContext;
  clientName: string;
  arrivedAt: number;
  progress: Progress | undefined;
}

async function answer(
  session: Session,
  tool: Tool | undefined,
  params: Params,
  asking: Asking,
  responses: Responses,
): Promise<Reply | InputRequiredResult> {
  const { server, context, clientName } = asking;
  let given: Record<string, unknown> = {};
  let call: Call | undefined;
  try {
    const gate = await session.gate();
    if (!tool) {
      const { policy } = await session.policy.current();
      const seen = TOOLS.filter(({ name }) => !isHidden(policy, name));
      throw new SidejobError(
        'bad_argument',
        `no tool "${params.name}".`,
        seen.length > 0 ? `There are ${seen.map(({ name }) => name).join(', ')}.` : 'There is none.',
      );
    }
    const inForce = await gate.checkTool(tool.name, clientName);
    given = parseArguments(tool, params.arguments);
    const args = await withResponses(given, responses, session.home);
    const tasks = declaresTasks(context.mcpReq.envelope);
    const answerTo = (approval: string) => answerIn(responses, approval, capabilitiesOf(server, context));
    const atGate = await session.atGate({ tool: tool.name, args, client: clientName, answerTo, inForce });
    call = {
      ...(await session.call(clientName, context.mcpReq.signal, asking.progress, tasks)),
      arrivedAt: asking.arrivedAt,
      passJobs: (facts) => gate.passJobs(atGate, facts),
      noteRefusal: (provider, error) => gate.noteRefusal(atGate, provider, error),
    };
    if (!STARTING_TOOLS.includes(tool.name)) await gate.pass(atGate);
    const reply = await tool.handle(args, call);
    // Nobody reads the text of a task; the notice waits for a reply that has one.
    if (reply.task) return reply;
    const notice = await session.unreadNotice(tool.name, context.mcpReq.signal);
    return notice ? withNotice(reply, notice) : reply;
  } catch (error) {
    if (error instanceof ApprovalUsed) return answer(session, tool, params, asking, responses);
    // Wrong calls come back as results, not as protocol errors: only those reach the model.
    if (error instanceof SidejobError) {
      const ready = async () => (await call?.manager())?.engine.readyProviders() ?? [];
      const asked = await askInstead(error, given, capabilitiesOf(server, context), responses, session.home, ready);
      // Since 2026-07-28 the client answers by calling again; before, it is asked while its call goes on.
      if (asked && context.mcpReq.envelope !== undefined) return asked;
      const told = asked && (await askNow(server, context, asked, asking.arrivedAt));
      if (told) return answer(session, tool, params, asking, { ...responses, ...told });
      return { text: cutEnd(error.line, ERROR_MAX_CHARS), isError: true };
    }
    if (isReplaced(error)) return { text: REPLACED, isError: true };
    session.log.error({ error: messageOf(error), stack: error instanceof Error ? error.stack : '' }, 'a call failed');
    return {
      text: `internal_error: ${messageOf(error)}. This is a defect of Sidejob; jobs are not touched.`,
      isError: true,
    };
  }
}

/** Said in both forms: some clients show the model the data alone, others the text. */
function withNotice({ text, data, ...rest }: Reply, notice: string): Reply {
  const note = [data?.note, notice].filter(Boolean).join(' ');
  return { ...rest, text: `${text}\n\n${notice}`, ...(data && { data: { ...data, note } }) };
}

function toResult({ text, data, isError, task }: Reply) {
  if (task) return { resultType: 'task', content: [], ...task };
  return {
    content: [{ type: 'text' as const, text }],
    ...(data && !isError && { structuredContent: data }),
    ...(isError && { isError }),
  };
}

/** The client's name: said with each request since 2026-07-28, once at the beginning before. */
function clientNameOf(server: Server, context: ServerContext): string {
  const envelope: Record<string, unknown> | undefined = context.mcpReq.envelope;
  const said = (envelope?.[CLIENT_INFO_META_KEY] as { name?: unknown } | undefined) ?? server.getClientVersion();
  return typeof said?.name === 'string' ? said.name : 'unknown';
}

/** What the client can be asked: said with each request since 2026-07-28, once at the beginning before. */
function capabilitiesOf(server: Server, context: ServerContext): ClientCapabilities | undefined {
  const envelope: Record<string, unknown> | undefined = context.mcpReq.envelope;
  return (envelope?.[CLIENT_CAPABILITIES_META_KEY] as ClientCapabilities | undefined) ?? server.getClientCapabilities();
}

function progressOf(context: ServerContext, { secrets }: Session): Progress | undefined {
  const progressToken = context.mcpReq._meta?.progressToken;
  if (progressToken === undefined) return undefined;
  const mask = (text: string) => secrets.mask(text);
  return new Progress(mask, async (progress, message) => {
    // A client that has gone away is noticed by the transport, not here.
    await context.mcpReq
      .notify({ method: 'notifications/progress', params: { progressToken, progress, message } })
      .catch(() => {});
  });
}
