import { expect, test } from 'vitest';
import { inlineSec, namesIn, taskIdOf, taskStatus } from '../../src/mcp/tasks.js';
import { declaresTasks } from '../../src/mcp/tasks-extension.js';
import type { JobRecord, JobStatus } from '../../src/store/record.js';

test.each<[JobStatus[], string]>([
  [['queued'], 'working'],
  [['running'], 'working'],
  [['completed'], 'completed'],
  [['failed'], 'completed'],
  [['orphaned'], 'completed'],
  [['canceled'], 'cancelled'],
  [['completed', 'running'], 'working'],
  [['canceled', 'queued'], 'working'],
  [['canceled', 'canceled'], 'cancelled'],
  [['canceled', 'failed'], 'completed'],
])('jobs that are %j are a task that is %s', (statuses, expected) => {
  expect(taskStatus(statuses)).toBe(expected);
});

test('the id of a task names its jobs, and is one that every client takes', () => {
  const id = taskIdOf({ started: submitted('claude-1111aaaa', 'my-cli-2222bbbb'), refused: [] });
  expect(id).toBe('claude-1111aaaa+my-cli-2222bbbb');
  expect(namesIn(id ?? '')).toEqual(['claude-1111aaaa', 'my-cli-2222bbbb']);
  expect(namesIn('a+a')).toEqual(['a']);
  const nine = Array.from({ length: 9 }, (_, index) => `provider-0000000${index}`);
  expect(taskIdOf({ started: submitted(...nine.slice(0, 7)), refused: [] })).toHaveLength(125);
  expect(taskIdOf({ started: submitted(...nine), refused: [] })).toBeUndefined();
});

test('a call that may answer with a task waits 20 s, or less if it says so', () => {
  expect([undefined, 0, 5, 600].map(inlineSec)).toEqual([20, 0, 5, 20]);
});

test.each([
  [undefined, false],
  [{}, false],
  [{ 'io.modelcontextprotocol/clientCapabilities': { extensions: {} } }, false],
  [{ 'io.modelcontextprotocol/clientCapabilities': { extensions: null } }, false],
  [{ 'io.modelcontextprotocol/clientCapabilities': { tasks: {} } }, false],
  [{ 'io.modelcontextprotocol/clientCapabilities': { extensions: { 'io.modelcontextprotocol/tasks': {} } } }, true],
])('%j declares tasks: %s', (meta, expected) => {
  expect(declaresTasks(meta)).toBe(expected);
});

function submitted(...ids: string[]) {
  return ids.map((id) => ({ job: { id } as JobRecord, joined: false as const }));
}
