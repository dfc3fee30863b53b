// What runs once the Node version is known to be good: argv -> subcommand; no argument: serve on stdio.
import { Console } from 'node:console';

const [command, ...rest] = process.argv.slice(2);

// The server's own arguments: what a client's configuration says.
const [policy, ...more] = command === '--policy' ? rest : [];
const serves = command === undefined || (policy !== undefined && more.length === 0);

if (serves && !process.stdin.isTTY) {
  // stdout carries the protocol and nothing else, whatever a library prints.
  globalThis.console = new Console(process.stderr);
  const { serve } = await import('./mcp/serve.js');
  serve(process.env, policy);
} else {
  const { runCommand } = await import('./cli/command.js');
  process.exitCode = await runCommand(command, rest, process.env);
}
