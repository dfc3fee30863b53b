// What bounds a call's waiting.
import { expect, test } from 'vitest';
import { askNow } from '../../src/mcp/eliciting.js';
import { waitLeftMs } from '../../src/mcp/waiting.js';

test('a wait counts from when the call came', () => {
  const engine = { config: { wait: {}, settings: { waitSec: 0 } } } as Parameters<typeof waitLeftMs>[1];
  const call = (agoMs: number) =>
    ({ clientName: 'some-sdk', arrivedAt: performance.now() - agoMs }) as Parameters<typeof waitLeftMs>[0];

  expect(waitLeftMs(call(0), engine) / 1000).toBeCloseTo(50, 0);
  expect(waitLeftMs(call(30_000), engine) / 1000).toBeCloseTo(20, 0);
  expect(waitLeftMs(call(90_000), engine)).toBe(0);
});

test('all questions to a person together take 40 s of the call', async () => {
  const timeouts: number[] = [];
  const elicitInput = async (_: unknown, { timeout }: { timeout: number }) => {
    timeouts.push(timeout);
    return { action: 'cancel' };
  };
  const context = { mcpReq: { elicitInput, signal: new AbortController().signal } } as unknown;
  const question = { inputRequests: { folder: { method: 'elicitation/create', params: {} } } } as unknown;
  const ask = (agoMs: number) => askNow({} as never, context as never, question as never, performance.now() - agoMs);

  expect(await ask(0)).toEqual({ folder: { action: 'cancel' } });
  expect(await ask(35_000)).toEqual({ folder: { action: 'cancel' } });
  expect(await ask(41_000)).toBeUndefined();

  expect(timeouts.map((ms) => Math.round(ms / 1000))).toEqual([40, 5]);
});
