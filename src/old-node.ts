// What is done under a Node that is too old: the command line is handed over to the one that the checkout pins, where
// there is one; otherwise it is said what to install. Must run on old versions itself.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { constants } from 'node:os';

/** @param needed the oldest version that will do */
export function leaveOldNode(needed: string): void {
  const node = pinnedNode();
  if (node) handOver(node);
  else {
    console.error(
      `sidejob needs Node.js ${needed} or newer; this is ${process.versions.node}. Install a newer one from nodejs.org.`,
    );
    process.exitCode = 1;
  }
}

/** The Node of this checkout (the `node` package, a development dependency), if it is there. */
function pinnedNode(): string | undefined {
  try {
    return createRequire(import.meta.url).resolve('node/bin/node');
  } catch {
    return undefined;
  }
}

/** Runs the same command line on another Node, in its place as far as one process can stand for another. */
function handOver(node: string): void {
  const child = spawn(node, process.argv.slice(1), { stdio: 'inherit' });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    // Ctrl-C goes to all that runs on the terminal; told of it once more, the child would hear it twice.
    const heard = signal === 'SIGINT' && [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY);
    process.on(signal, () => heard || child.kill(signal));
  }
  child.on('error', (error) => {
    console.error(`sidejob: ${node} cannot be started: ${error.message}`);
    process.exit(1);
  });
  child.on('exit', (status, signal) => process.exit(status ?? 128 + (signal ? constants.signals[signal] : 0)));
}
