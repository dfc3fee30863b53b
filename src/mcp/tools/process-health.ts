import { z } from 'zod';
import { messageOf, SidejobError } from '../../errors.js';
import { type Health, jobHealth } from '../../jobs/health.js';
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
    policy: z.record(z.string(), z.unknown()).optional(),
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
    const self = `Sidejob ${version}, pid ${process.pid}, up ${base.uptimeSec} s`;
    const { place, policy } = await call.gate.current();
    const inForce = policy && { file: place.file, origin: place.origin };
    const policyLine = inForce ? [`policy: ${place.file} (${place.origin})`] : [];
    try {
      const { engine } = await call.manager();
      const health = await jobHealth(engine);
      health.warnings.push(...(policy?.warnings ?? []));
      const text = [`ok: ${self}`, ...policyLine, ...lines(health)].join('\n');
      return { text, data: { ok: true, ...base, ...health, ...(inForce && { policy: inForce }) } };
    } catch (error) {
      // The one tool that must answer when nothing else can.
      const line = error instanceof SidejobError ? error.line : messageOf(error);
      const data = { ok: false, ...base, store: { home, error: line }, warnings: [line] };
      return { text: `not ok: ${self}\n${line}`, data };
    }
  },
});

function lines({ jobs, queue, store, config, warnings }: Health): string[] {
  const { supervisedHere, adoptedHere, servers, ...counts } = jobs;
  const counted = Object.entries(counts).map(([status, n]) => `${n} ${status}`);
  const changed = Object.entries(config.settings).filter(([, { origin }]) => origin !== 'default');
  const settings = changed.map(
    ([name, { value, origin }]) => `${name} = ${Array.isArray(value) ? `[${value.join(', ')}]` : value} (${origin})`,
  );
  const named = Object.entries(config.providers).map(([name, keys]) => `${name} (${Object.keys(keys).join(', ')})`);
  const tables = [
    config.env && '[env]',
    config.onFinish && '[on_finish]',
    named.length > 0 && `providers: ${named.join(', ')}`,
  ].filter(Boolean);
  return [
    `jobs: ${counted.join(', ')}; ${supervisedHere} looked after here, ${adoptedHere} of them adopted; ${servers} server${servers === 1 ? '' : 's'} with active jobs`,
    `queue: ${queue.waiting} waiting, ${queue.running} of ${queue.maxRunning} places taken, ${queue.maxRunningPerProvider} for one CLI`,
    `store: ${store.path}, schema ${store.schemaVersion}, ${store.journalMode}, ${store.bytes} bytes, ${store.freeMb ?? '?'} MB free`,
    `config: ${config.file}; ${[...settings, ...tables].join(', ') || 'all default'}`,
    ...warnings.map((warning) => `warning: ${warning}`),
  ];
}
