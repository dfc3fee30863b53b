// What only the person can say is asked in the client, in both protocol eras; never required.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { expect } from 'vitest';
import { test } from '../support/e2e.js';
import type { Sandbox } from '../support/sandbox.js';

type Answer = { action: 'accept'; content: Record<string, string> } | { action: 'decline' } | 'fails';

/** A client that can be asked, in a folder that is no project; and what it was asked. */
async function client(sandbox: Sandbox, mode: 'auto' | 'legacy', answer?: Answer, roots?: string[]) {
  const nowhere = join(sandbox.root, 'nowhere');
  await mkdir(nowhere, { recursive: true });
  const capabilities = { ...(answer && { elicitation: {} }), ...(roots && { roots: {} }) };
  const one = new Client({ name: 'asked', version: '1' }, { capabilities, versionNegotiation: { mode } });
  const asked: string[] = [];
  if (answer) {
    one.setRequestHandler('elicitation/create', (request) => {
      asked.push(request.params.message);
      if (answer === 'fails') throw new Error('fails on purpose');
      return answer;
    });
  }
  if (roots) {
    one.setRequestHandler('roots/list', () => {
      asked.push('roots');
      return { roots: roots.map((path) => ({ uri: pathToFileURL(path).href })) };
    });
  }
  await one.connect(new StdioClientTransport({ ...sandbox.parameters({ cwd: nowhere }), stderr: 'ignore' }));
  sandbox.adopt(one);
  const call = async (args: Record<string, unknown>) => {
    const result = await one.callTool({
      name: 'llm_job_submit',
      arguments: { prompt: 'hi', provider: 'claude', ...args },
    });
    const [block] = result.content as { text?: string }[];
    return block?.text ?? '';
  };
  return { call, asked };
}

const WHERE = 'In which folder may the job change files?';

for (const mode of ['auto', 'legacy'] as const) {
  test(`a missing folder: the client's one root, without asking anybody (${mode})`, async ({ sandbox }) => {
    const { call, asked } = await client(sandbox, mode, { action: 'decline' }, [sandbox.project]);
    expect(await call({ access: 'edit' })).toMatch(new RegExp(`^claude-\\w{8} \\w+ in ${sandbox.project}\\n`));
    expect(asked).toEqual(['roots']);
  });

  test(`a missing folder: the person says which (${mode})`, async ({ sandbox }) => {
    const answer: Answer = { action: 'accept', content: { cwd: sandbox.project } };
    const { call, asked } = await client(sandbox, mode, answer, [sandbox.project, await sandbox.newProject('other')]);
    expect(await call({ access: 'edit' })).toMatch(new RegExp(`^claude-\\w{8} \\w+ in ${sandbox.project}\\n`));
    expect(asked).toEqual(['roots', WHERE]);
  });

  test(`a folder that the person names wrongly, or does not name, is the error it was (${mode})`, async ({
    sandbox,
  }) => {
    const wrong = await client(sandbox, mode, { action: 'accept', content: { cwd: 'src' } });
    expect(await wrong.call({ access: 'edit' })).toMatch(/^bad_argument: cwd "src" is not an absolute path/);
    const declined = await client(sandbox, mode, { action: 'decline' });
    expect(await declined.call({ access: 'edit' })).toMatch(/^no_folder: cwd is needed for a job that changes files/);
    expect(declined.asked).toEqual([WHERE]);
  });

  test(`a provider that does not exist: a choice of those that are ready (${mode})`, async ({ sandbox }) => {
    const { call, asked } = await client(sandbox, mode, { action: 'accept', content: { provider: 'codex' } });
    expect(await call({ provider: 'chatgpt' })).toMatch(/^codex-\w{8} /);
    expect(asked).toEqual(['There is no provider "chatgpt". Which one?']);
  });

  test(`two things to ask: what was answered first is not lost (${mode})`, async ({ sandbox }) => {
    const answer: Answer = { action: 'accept', content: { cwd: sandbox.project, provider: 'codex' } };
    const { call, asked } = await client(sandbox, mode, answer);
    expect(await call({ provider: 'chatgpt', access: 'edit' })).toMatch(/^codex-\w{8} /);
    expect(asked).toEqual(['There is no provider "chatgpt". Which one?', WHERE]);
  });

  test(`all of the disk, the home folder and what is not there are no folders to work in (${mode})`, async ({
    sandbox,
  }) => {
    const roots = ['/', sandbox.userHome, join(sandbox.root, 'gone')];
    for (const root of roots) {
      const { call } = await client(sandbox, mode, { action: 'decline' }, [root]);
      expect(await call({ access: 'edit' })).toMatch(/^no_folder: cwd is needed/);
    }
  });

  test(`a client that cannot be asked gets the error (${mode})`, async ({ sandbox }) => {
    const { call } = await client(sandbox, mode);
    expect(await call({ access: 'edit' })).toMatch(/^no_folder: /);
    expect(await call({ provider: 'chatgpt' })).toMatch(/^unknown_provider: /);
  });
}

// In the newer protocol a client that cannot answer does not call again, so there is nobody to be told.
test('a client that fails when it is asked gets the error', async ({ sandbox }) => {
  const { call } = await client(sandbox, 'legacy', 'fails', []);
  expect(await call({ access: 'edit' })).toMatch(/^no_folder: cwd is needed/);
});
