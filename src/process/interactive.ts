// Runs a program that takes over the terminal, and waits for it.
import { spawn } from 'node:child_process';

/**
 * @param command what a shell takes for a program with its arguments: `code --wait`
 * @param args more arguments, which no shell reads
 * @returns its exit status; 128 and more if a signal ended it
 */
export function runInteractive(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((resolve, reject) => {
    // As git does with its editor: the variable may hold arguments, and quotes.
    const child = spawn('/bin/sh', ['-c', `${command} "$@"`, command, ...args], { stdio: 'inherit', env });
    // Ctrl-C in an editor is the editor's.
    const ignore = () => {};
    process.on('SIGINT', ignore);
    child.once('error', reject);
    child.once('exit', (code) => {
      process.off('SIGINT', ignore);
      resolve(code ?? 128);
    });
  });
}
