// How the build cuts the program into files: what is needed together in few, because to find and load each takes 0.16 ms
// or more, and so that no command has to load the protocol. What is needed by one command alone is left to the bundler.
import { join } from 'node:path';

const SRC = join(import.meta.dirname, '../src');
const COMMANDS = /[\\/]src[\\/]cli[\\/]/;
const PROTOCOL = /[\\/]src[\\/]mcp[\\/]|[\\/]node_modules[\\/]@modelcontextprotocol[\\/]/;
/** What both faces stand on. */
const OWN = /[\\/]src[\\/](?!mcp[\\/]|cli[\\/])/;

/**
 * What is loaded together: what `from` imports, directly or not, as far as it matches. A module is in the first that
 * takes it, and takes along what it imports and no earlier one has: what is needed first stands first.
 */
const CHUNKS = [
  // Up to the first answer.
  { name: 'zod', from: ['mcp/serve.ts'], only: /[\\/]node_modules[\\/]zod[\\/]/ },
  { name: 'common', from: ['mcp/serve.ts'], only: OWN },
  { name: 'protocol', from: ['mcp/serve.ts'], only: PROTOCOL },
  // What clients list at a start.
  { name: 'policy', from: ['mcp/tools-list.ts'], only: OWN },
  { name: 'lists', from: ['mcp/prompts.ts', 'mcp/tools-list.ts'], only: PROTOCOL },
  // By every command; by what looks at the configuration; by what looks at jobs, too.
  { name: 'words', from: ['cli/command.ts'], only: OWN },
  { name: 'command', from: ['cli/command.ts'], only: COMMANDS },
  { name: 'config', from: ['jobs/checked-config.ts', 'providers/registry.ts'], only: OWN },
  { name: 'engine', from: ['jobs/manager.ts', 'cli/list.ts'], only: OWN },
  // By the first call of a tool.
  { name: 'work', from: ['mcp/call-tool.ts'], only: OWN },
  { name: 'calls', from: ['mcp/call-tool.ts'], only: PROTOCOL },
];

/** Groups for the bundler's `codeSplitting`. */
export const CHUNK_GROUPS = CHUNKS.map((chunk) => ({
  name: (id, context) => (chunkOf(id, context) === chunk ? chunk.name : null),
}));

function chunkOf(id, context) {
  return CHUNKS.find(({ from, only }) => only.test(id) && from.some((entry) => importedBy(entry, context).has(id)));
}

const found = new Map();

/** A module of ours and all that it imports, directly or not; what it imports only when it needs it is not followed. */
function importedBy(entry, context) {
  if (!found.has(entry)) found.set(entry, follow(join(SRC, entry), context, new Set()));
  return found.get(entry);
}

function follow(id, context, seen) {
  if (seen.has(id)) return seen;
  seen.add(id);
  for (const imported of context.getModuleInfo(id)?.importedIds ?? []) follow(imported, context, seen);
  return seen;
}
