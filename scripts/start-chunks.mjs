// How the build cuts what a start needs: into few files, because to find and load each takes 0.16 ms, and so that no
// command has to load the protocol. Everything else is left to the bundler: one file for each set of modules that are
// needed together.

/** What the modules that are loaded before the first answer are put into: the first that matches. None needs a later one. */
const CHUNKS = [
  ['zod', /[\\/]node_modules[\\/]zod[\\/]/],
  ['common', /[\\/]src[\\/](?!mcp[\\/])/],
  ['protocol', /[\\/]src[\\/]mcp[\\/]|[\\/]node_modules[\\/]@modelcontextprotocol[\\/]/],
];

/**
 * Groups for the bundler's `codeSplitting`.
 * @param entry path of the module that serves: what it imports, and so on, is what a start needs
 */
export function startChunks(entry) {
  let needed;
  return CHUNKS.map(([name, pattern]) => ({
    name: (id, context) => {
      needed ??= importedBy(entry, context);
      const first = CHUNKS.find(([, each]) => each.test(id));
      return needed.has(id) && first?.[1] === pattern ? name : null;
    },
  }));
}

/** A module and all that it imports, directly or not; what it imports only when it needs it is not followed. */
function importedBy(id, context, found = new Set()) {
  if (found.has(id)) return found;
  found.add(id);
  for (const imported of context.getModuleInfo(id)?.importedIds ?? []) importedBy(imported, context, found);
  return found;
}
