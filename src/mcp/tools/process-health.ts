import { z } from 'zod';
import { messageOf, SidejobError } from '../../errors.js';
import { jobHealth } from '../../jobs/health.js';
import { defineTool } from '../tool.js';

export const processHealth = defineTool({
  name: 'llm_process_health',
  title: 'State of the job manager',
  description:
    'Job manager state, queue and limits, resolved persistence configuration and paths. Answers even if the store is broken.',
  input: z.strictObject({}),
  output: z.object({
    ok: z.boolean(),
    version: z.string(),
    pid: z.number(),
    uptimeSec: z.number(),
    jobs: z.record(z.string(), z.unknown()).optional(),
    queue: z.record(z.string(), z.unknown()).optional(),
    store: z.record(z.string(), z.unknown()),
    config: z.record(z.string(), z.unknown()).optional(),
    warnings: z.array(z.string()),
  }),
  hints: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  meta: { 'anthropic/searchHint': 'sidejob health store path limits' },
  async handle(_args, call) {
    const { version, startedAt, home } = call.server;
    const base = {
      version,
      node: process.version,
      pid: process.pid,
      uptimeSec: Math.round((Date.now() - startedAt) / 1000),
    };
    let data: Record<string, unknown>;
    try {
      const { engine } = await call.manager();
      data = { ok: true, ...base, ...(await jobHealth(engine)) };
    } catch (error) {
      // The one tool that must answer when nothing else can.
      const line = error instanceof SidejobError ? error.line : messageOf(error);
      data = { ok: false, ...base, store: { home, error: line }, warnings: [line] };
    }
    return { text: JSON.stringify(data), data };
  },
});
