// `sidejob mcp …`: Sidejob's entry in MCP clients. Gives the command what it needs to know of this process.
import { realpathSync } from 'node:fs';
import type { Command } from './context.js';
import { mcpCommand } from './mcp/command.js';

export const mcpEntry: Command = (argv, { env, stdout, stderr }) => {
  // As installed, not as called: the bin is a link, and a client needs no PATH to find this file.
  const script = realpathSync(process.argv[1] ?? '');
  // A data folder of one's own is the server's too, or the two would not see the same jobs.
  const home = env.SIDEJOB_HOME ? { env: { SIDEJOB_HOME: env.SIDEJOB_HOME } } : {};
  const entry = { command: process.execPath, args: [script], ...home };
  return mcpCommand(argv, { stdout, stderr, env, home: env.HOME ?? '', platform: process.platform, entry });
};
