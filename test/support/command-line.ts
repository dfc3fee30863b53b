// Runs the built program's subcommands in a sandbox.
import { execFile } from 'node:child_process';
import { type Sandbox, SERVER } from './sandbox.js';

export interface Ran {
  status: number;
  stdout: string;
  stderr: string;
}

export function sidejob(sandbox: Pick<Sandbox, 'env' | 'project'>, ...args: string[]): Promise<Ran> {
  return new Promise((resolve) => {
    const options = { env: sandbox.env, cwd: sandbox.project };
    const child = execFile(process.execPath, [SERVER, ...args], options, (_error, stdout, stderr) => {
      resolve({ status: child.exitCode ?? -1, stdout, stderr });
    });
  });
}
