// Parts of this program are loaded when a request first needs them. An update that replaces the program under a running
// server takes away those that are not loaded yet, and only a new server has them.
import { ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import { errnoOf } from '../errors.js';

export const REPLACED = 'updated: Sidejob was replaced under this server. The person must restart the client.';

export function isReplaced(error: unknown): boolean {
  return errnoOf(error) === 'ERR_MODULE_NOT_FOUND';
}

/**
 * A part that is being loaded.
 * @throws ProtocolError if it is gone
 */
export async function part<T>(loading: Promise<T>): Promise<T> {
  try {
    return await loading;
  } catch (error) {
    throw isReplaced(error) ? new ProtocolError(ProtocolErrorCode.InternalError, REPLACED) : error;
  }
}
