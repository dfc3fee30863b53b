// Stands between a client and the server, passes everything on, and writes each message to a file:
// node wire.mjs FILE COMMAND ARGS… What the lines hold: wire.d.mts.
import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const [file, command, ...args] = process.argv.slice(2);
const server = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });

const record = (line) => appendFileSync(file, `${JSON.stringify(line)}\n`);
record({ from: 'wire', pid: process.pid, serverPid: server.pid });

function pass(from, source, target) {
  const lines = createInterface({ input: source });
  lines.on('line', (line) => {
    record({ from, message: JSON.parse(line) });
    target.write(`${line}\n`);
  });
  return lines;
}

pass('client', process.stdin, server.stdin).on('close', () => server.stdin.end());
pass('server', server.stdout, process.stdout);
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => server.kill(signal));
// Either side may go first.
for (const stream of [server.stdin, process.stdout]) stream.on('error', () => {});
server.on('close', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
