// Requests that are no tool calls: what they get of the session, and how what they throw reads in the protocol.
// A person or a client reads these errors; a model sees only what tools reply.
import { ProtocolError, ProtocolErrorCode, type ServerContext } from '@modelcontextprotocol/server';
import { messageOf, SidejobError } from '../errors.js';
import { maskedReply } from './masked.js';
import type { Session } from './session.js';
import type { Call } from './tool.js';

/** Nothing is submitted by requests, so that it does not matter whose they are. */
const UNKNOWN = 'unknown';

/** The tool that would do the same: a request goes by its rules. Without arguments, by what holds for every call of it. */
export interface GoesBy {
  tool: string;
  args?: Record<string, unknown>;
}

/**
 * Does the work of one request, and masks the secrets of what comes of it.
 * @throws ProtocolError whatever the work throws; what is no ProtocolError yet is not the caller's mistake
 */
export async function serveRequest<T extends object>(
  session: Session,
  context: ServerContext,
  { tool, args }: GoesBy,
  work: (call: Call) => Promise<T>,
): Promise<T> {
  try {
    const gate = await session.gate();
    if (args === undefined) await gate.checkTool(tool, UNKNOWN);
    else await gate.pass(await session.atGate({ tool, args, client: UNKNOWN, answerTo: () => undefined }));
    const reply = await work(await session.call(UNKNOWN, context.mcpReq.signal, undefined));
    return await maskedReply(session.secrets, reply);
  } catch (error) {
    const { secrets } = session;
    if (error instanceof ProtocolError) {
      throw new ProtocolError(error.code, await secrets.mask(error.message), await secrets.maskAll(error.data));
    }
    const { InternalError, InvalidRequest } = ProtocolErrorCode;
    if (error instanceof SidejobError) {
      const code = ['denied', 'needs_approval'].includes(error.code) ? InvalidRequest : InternalError;
      throw new ProtocolError(code, await secrets.mask(error.line));
    }
    session.log.error(
      { error: messageOf(error), stack: error instanceof Error ? error.stack : '' },
      'a request failed',
    );
    throw new ProtocolError(InternalError, await secrets.mask(`internal_error: ${messageOf(error)}`));
  }
}

/** A request that names what is not offered. */
export function invalidParams(message: string): ProtocolError {
  return new ProtocolError(ProtocolErrorCode.InvalidParams, message);
}
