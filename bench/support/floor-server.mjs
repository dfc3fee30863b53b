// The least an MCP server on the same SDK can be: one tool, served on stdio, bundled by the same bundler as
// Sidejob, with V8's compile cache in its own folder. What Sidejob's build does beyond that to start quickly is its own.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const ENTRY = `
import { enableCompileCache, flushCompileCache } from 'node:module';
enableCompileCache(new URL('../cache', import.meta.url).pathname);
process.stdin.on('end', () => { flushCompileCache(); process.exit(0); });
await import('./serve.js');
`;

const SERVE = `
import { McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { z } from 'zod';
serveStdio(() => {
  const server = new McpServer({ name: 'floor', version: '1' });
  server.registerTool('say', { description: 'Says it.', inputSchema: z.object({ text: z.string() }) }, async ({ text }) => ({
    content: [{ type: 'text', text }],
  }));
  return server;
});
`;

/**
 * Builds it in `folder/floor`.
 * @returns {Promise<{ command: string, args: string[] }>}
 */
export async function floorServer(folder) {
  const source = join(folder, 'floor', 'source');
  const dist = join(folder, 'floor', 'dist');
  await mkdir(source, { recursive: true });
  await writeFile(join(source, 'entry.js'), ENTRY);
  await writeFile(join(source, 'serve.js'), SERVE);
  const build = await rolldown({
    input: { entry: join(source, 'entry.js') },
    platform: 'node',
    resolve: {
      mainFields: ['module', 'main'],
      modules: [fileURLToPath(new URL('../../node_modules', import.meta.url))],
    },
    checks: { pluginTimings: false },
  });
  await build.write({
    dir: dist,
    format: 'esm',
    minify: { compress: true, mangle: false, codegen: { removeWhitespace: false } },
  });
  await writeFile(join(folder, 'floor', 'package.json'), '{ "type": "module" }');
  return { command: process.execPath, args: [join(dist, 'entry.js')] };
}
