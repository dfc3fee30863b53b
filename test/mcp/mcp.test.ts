import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findProject } from '../../src/jobs/project.js';
import { shareOut } from '../../src/jobs/share-out.js';
import type { JobView } from '../../src/jobs/view.js';
import { parseArguments } from '../../src/mcp/arguments.js';
import { waitBudgetMs } from '../../src/mcp/clients.js';
import { cutMiddle, fitViews, sizeIn } from '../../src/mcp/fit.js';
import { jobLine } from '../../src/mcp/format.js';
import { INSTRUCTIONS } from '../../src/mcp/instructions.js';
import { describeTool } from '../../src/mcp/listed-tools.js';
import { pollAfterSec } from '../../src/mcp/polling.js';
import { TOOLS } from '../../src/mcp/registry.js';
import type { Tool } from '../../src/mcp/tool.js';
import type { JobRecord } from '../../src/store/record.js';
import { tempFolder } from '../support/temp-folder.js';

function tool(name: string): Tool {
  const found = TOOLS.find((each) => each.name === name);
  if (!found) throw new Error(name);
  return found;
}

test('what the model reads is small, and every hint is said', () => {
  const listed = TOOLS.map(describeTool);
  expect(JSON.stringify(listed).length).toBeLessThanOrEqual(14_000);
  expect(INSTRUCTIONS.length).toBeLessThanOrEqual(1200);
  for (const { name, annotations, inputSchema } of listed) {
    expect(name).toMatch(/^[a-z_]{1,30}$/);
    expect(Object.keys(annotations).sort()).toEqual(
      ['destructiveHint', 'idempotentHint', 'openWorldHint', 'readOnlyHint'].sort(),
    );
    expect(inputSchema).toMatchObject({ type: 'object', additionalProperties: false });
  }
});

test.each([
  [
    'llm_job_submit',
    { prompt: 'x', timeout: 5 },
    /^bad_argument: "timeout" is unknown; timeoutSec \(seconds\)\? Nothing was started\.$/,
  ],
  ['llm_job_wait', { jobId: 'a', job: 'b' }, /"job" is unknown; jobId/],
  ['llm_job_wait', { jobId: 'a', timeoutSec: 5 }, /"timeoutSec" is unknown; waitSec/],
  ['llm_run', { question: 'a' }, /"question" is unknown; prompt/],
  ['llm_run', { prompt: 'a', systemPrompt: 'b' }, /"systemPrompt" is unknown here; llm_job_submit takes it/],
  ['llm_process_health', { verbose: true }, /"verbose": it takes none\./],
  ['llm_run', {}, /^bad_argument: prompt is missing\. Nothing was started\.$/],
  ['llm_run', { prompt: 5 }, /prompt = 5: expected string, received number/],
  ['llm_job_submit', { prompt: 'x', access: 'write' }, /access = "write": .*"read-only".*"edit".*"full"/],
  ['llm_run', { prompt: 'x', providers: [] }, /providers = \[\]/],
  ['llm_job_result', { jobId: 'x', limit: 1e9 }, /limit = 1000000000: .*36000/],
  ['llm_run', { prompt: null }, /^bad_argument: prompt is missing\. Nothing was started\.$/],
  ['llm_job_submit', { prompt: 'x', outputSchema: 'y' }, /outputSchema = "y": expected an object/],
  ['llm_job_submit', { prompt: 'x', timeoutSec: 1.5 }, /timeoutSec = 1.5: expected a whole number/],
  ['llm_run', 'text', /arguments must be an object/],
])('%s %j says what is wrong and how it would be right', (name, args, line) => {
  expect(() => parseArguments(tool(name), args)).toThrow(
    expect.objectContaining({ line: expect.stringMatching(line) }),
  );
});

test('a wait fits the client, the configuration and what was asked', () => {
  const seconds = (client: string, asked?: number, wait: Record<string, number> = {}, waitSec = 0) =>
    waitBudgetMs(client, asked, { wait, settings: { waitSec } }) / 1000;
  const names = ['some-sdk', 'codex-mcp-client', 'gemini-cli-mcp-client', 'claude-ai', 'claude-code'];
  // As docs/clients.md has them.
  expect(names.map((name) => [seconds(name), seconds(name, 3600)])).toEqual([
    [50, 55],
    [240, 280],
    [240, 570],
    [180, 220],
    [1500, 1500],
  ]);
  expect(seconds('some-sdk', 0)).toBe(0);
  expect(seconds('some-sdk', undefined, {}, 20)).toBe(20);
  expect(seconds('some-sdk', 600, {}, 300)).toBe(300);
  // The owner's word on one client goes before that on all, the longer name before the shorter.
  expect(seconds('codex-mcp-client', undefined, { codex: 900 }, 20)).toBe(900);
  expect(seconds('codex-mcp-client', 10, { codex: 900 })).toBe(10);
  expect(seconds('codex-mcp-client', undefined, { codex: 900, 'codex-mcp': 30 })).toBe(30);
  expect(seconds('some-sdk', undefined, { codex: 900 })).toBe(50);
  expect(seconds('codex-mcp-client', undefined, { codex: 0 })).toBe(240);
});

test('polling is for young jobs soon, for old ones seldom, for ended ones never', () => {
  const job = (ageSec: number, ended = false) =>
    ({ createdAt: 1e12 - ageSec * 1000, finishedAt: ended ? 1e12 : null }) as JobRecord;
  expect(pollAfterSec([job(0)], 1e12)).toBe(10);
  expect(pollAfterSec([job(90)], 1e12)).toBe(30);
  expect(pollAfterSec([job(9000)], 1e12)).toBe(120);
  expect(pollAfterSec([job(9000), job(3)], 1e12)).toBe(10);
  expect(pollAfterSec([job(5, true)], 1e12)).toBe(0);
});

test('a long answer keeps its beginning and its end, and says where to read on', () => {
  const text = `${'é'.repeat(5000)}${'😀'.repeat(5000)}END`;
  const cut = cutMiddle(text, 2000, 'codex-1');
  expect(cut.length).toBeLessThanOrEqual(2000);
  expect(cut.startsWith('éé') && cut.endsWith('END')).toBe(true);
  const [, bytes, offset] = /\[… (\d+) bytes cut; llm_job_result\{jobId:"codex-1", offset:(\d+)\}/.exec(cut) ?? [];
  const whole = Buffer.from(text);
  const head = cut.slice(0, cut.indexOf('\n['));
  const tail = cut.slice(cut.indexOf(']\n') + 2);
  expect(whole.subarray(0, Number(offset)).toString()).toBe(head);
  expect(whole.subarray(Number(offset) + Number(bytes)).toString()).toBe(tail);
  expect(cutMiddle('short', 2000, 'x')).toBe('short');
});

test('a text of which each character is a token takes more of a reply', () => {
  expect(sizeIn('a'.repeat(1000))).toBe(1000);
  const cut = cutMiddle('漢'.repeat(30_000), 38_000, 'x');
  // Claude Code cuts at 25,000 tokens.
  expect(cut.length).toBeLessThan(22_000);
  expect(cut.length).toBeGreaterThan(19_000);
});

test('a long list of jobs fits, with its ids whole', () => {
  const view = (n: number): JobView => ({
    ...{ jobId: `claude-${10_000_000 + n}`, kind: 'async', status: 'failed', provider: 'claude' },
    ...{ cwd: `/deep${'/folder'.repeat(80)}`, elapsedSec: 1.5, createdAt: '2026-11-20T12:00:00.000Z' },
    ...{ label: 'l'.repeat(200), error: 'e'.repeat(300), hint: 'h'.repeat(200), activity: 'a'.repeat(200) },
  });
  const views = Array.from({ length: 60 }, (_, n) => view(n));
  const fitted = fitViews(views, 38_000);
  expect(JSON.stringify(fitted).length).toBeLessThanOrEqual(38_000);
  expect(fitted.map(({ jobId }) => jobId)).toEqual(views.map(({ jobId }) => jobId));
  expect(fitViews(views.slice(0, 3), 38_000)).toEqual(views.slice(0, 3));
});

test('short answers leave their room to the long ones', () => {
  expect(shareOut([200, 30_000], 38_000)).toEqual([200, 30_000]);
  expect(shareOut([50_000, 100, 50_000], 38_000)).toEqual([18_950, 100, 18_950]);
  expect(shareOut([], 38_000)).toEqual([]);
});

test('a job in one line says what applies', () => {
  const view = {
    jobId: 'codex-1',
    kind: 'async',
    provider: 'codex',
    cwd: '/',
    elapsedSec: 12.3,
    createdAt: '2026-11-20T12:00:00.000Z',
  } as const;
  expect(jobLine({ ...view, status: 'running', activity: 'npm test', idleSec: 60, label: 'big' })).toBe(
    'codex-1 running, 12 s, npm test, silent for 60 s, "big"',
  );
  expect(
    jobLine({ ...view, status: 'failed', reason: 'network', error: 'offline.', hint: 'Check it.', unread: true }),
  ).toBe('codex-1 failed (network), 12 s, unread: offline. Check it.');
});

test('the project is what the client says, else the one around the server’s folder, else none', async () => {
  const folder = await tempFolder();
  await mkdir(join(folder, 'repo', 'src'), { recursive: true });
  await writeFile(join(folder, 'repo', 'package.json'), '{}');
  expect(await findProject({ CLAUDE_PROJECT_DIR: '/p' }, folder, '/h')).toBe('/p');
  expect(await findProject({}, join(folder, 'repo', 'src'), '/h')).toBe(join(folder, 'repo'));
  expect(await findProject({}, '/', '/h')).toBeNull();
  expect(await findProject({}, join(folder, 'repo'), join(folder, 'repo'))).toBeNull();
});
