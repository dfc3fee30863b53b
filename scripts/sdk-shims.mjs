// What the MCP SDK takes from its platform (`@modelcontextprotocol/server/_shims`; 2.4 has one for Node, one for Workers
// and one for browsers), as the build gives it: Node's process, with the SDK's other JSON Schema validator. Its choice
// for Node, ajv, would be read at each start (290 KB, 2 ms, 2.5 MB of memory), to check one form with one field.

export { default as process } from 'node:process';
export { CfWorkerJsonSchemaValidator as DefaultJsonSchemaValidator } from '@modelcontextprotocol/server/validators/cf-worker';
