// The shell blocks of docs/configuration.md and docs/troubleshooting.md, run as they stand on a machine of their own.

import { execFile } from 'node:child_process';
import { access, chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { blocks, pageText } from '../docs/blocks.js';
import { test } from '../support/e2e.js';
import { type Sandbox, SERVER } from '../support/sandbox.js';

/** A machine on which Sidejob is installed, beside the usual programs, with the data folder at its usual place. */
async function machine(sandbox: Sandbox): Promise<Record<string, string>> {
  const program = join(sandbox.bin, 'sidejob');
  await writeFile(program, `#!/bin/sh\nexec '${process.execPath}' '${SERVER}' "$@"\n`);
  await chmod(program, 0o755);
  const { SIDEJOB_HOME: _, ...env } = sandbox.env;
  await mkdir(join(sandbox.userHome, '.sidejob'), { mode: 0o700 });
  return { ...env, PATH: `${sandbox.bin}:/usr/bin:/bin`, EDITOR: 'true' };
}

test.each(['configuration.md', 'troubleshooting.md'])('every command of %s works', async (page) => {
  const { Sandbox: Made } = await import('../support/sandbox.js');
  const sandbox = await Made.create();
  try {
    const env = await machine(sandbox);
    const scripts = blocks(pageText(page), 'sh');
    const commands = scripts.join('').match(/^sidejob /gm) ?? [];
    expect(commands.length).toBeGreaterThan(4);
    for (const script of scripts) {
      const ran = await new Promise<{ status: number; stderr: string }>((resolve) => {
        const child = execFile(
          '/bin/sh',
          ['-e', '-c', script],
          { env, cwd: sandbox.project },
          (_error, _stdout, stderr) => resolve({ status: child.exitCode ?? -1, stderr }),
        );
      });
      expect(ran, script).toMatchObject({ status: 0 });
    }
    if (page === 'configuration.md') await access(join(sandbox.userHome, '.sidejob/config.schema.json'));
  } finally {
    await sandbox.dispose();
  }
});
