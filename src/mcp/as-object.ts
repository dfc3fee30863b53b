// Mends one thing in a message before the SDK sees it. Knows nothing of tools.
import type { JSONRPCMessage } from '@modelcontextprotocol/server';

/**
 * A call whose arguments are no object, with an object around them: the SDK refuses it by an error of the protocol, which
 * no model gets to see (@modelcontextprotocol/server 2.4).
 */
export function asObject(message: JSONRPCMessage): JSONRPCMessage {
  if (!('method' in message) || message.method !== 'tools/call') return message;
  const given = message.params?.arguments ?? {};
  if (typeof given === 'object' && !Array.isArray(given)) return message;
  return { ...message, params: { ...message.params, arguments: { arguments: given } } };
}
