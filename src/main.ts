// What runs once the Node version is known to be good: argv -> subcommand; no argument: serve on stdio.
import { Console } from 'node:console';

const [command, ...rest] = process.argv.slice(2);

if (command === undefined && !process.stdin.isTTY) {
  // stdout carries the protocol and nothing else, whatever a library prints.
  globalThis.console = new Console(process.stderr);
  const { serve } = await import('./mcp/serve.js');
  serve(process.env);
} else {
  const { runCommand } = await import('./cli/command.js');
  process.exitCode = await runCommand(command, rest, process.env);
}
