// `sidejob show ID`: one job with its answer.
import { parseArgs } from 'node:util';
import { requireJob } from '../jobs/lookup.js';
import { answerText, structuredOf } from '../jobs/result.js';
import { settle } from '../jobs/settle.js';
import { viewJob } from '../jobs/view.js';
import { printable } from '../output/printable.js';
import { markRead } from '../store/transitions.js';
import type { Command } from './context.js';
import { oneId } from './one-id.js';
import { withJobs } from './with-jobs.js';

export const showCommand: Command = async (argv, context) => {
  const { values, positionals } = parseArgs({
    args: argv,
    options: { json: { type: 'boolean' } },
    allowPositionals: true,
  });
  const typed = oneId(positionals);
  return withJobs(context, async (engine) => {
    const known = requireJob(engine, typed);
    const job = (await settle(engine, known.id)) ?? known;
    // Nothing is masked for the owner, unless it is set to `strict`.
    const view = await engine.secrets.maskAll(await viewJob(engine, job));
    const answer = await engine.secrets.mask(await answerText(engine, job));
    if (values.json) {
      const structured = await engine.secrets.maskAll(await structuredOf(engine, job));
      const { sessionId, login, usage } = job;
      context.stdout(`${JSON.stringify({ ...view, sessionId, login, usage, answer, structured }, null, 2)}\n`);
      return 0;
    }
    const more = { ...(job.sessionId && { sessionId: job.sessionId }), ...(job.login && { login: job.login }) };
    const facts = Object.entries({ ...view, ...more, ...job.usage }).map(
      ([name, value]) => `${name.padEnd(14)} ${printable(String(value)).replaceAll('\n', ' ')}`,
    );
    // Shown is read.
    await engine.store.write(() => markRead(engine.store, job.id, Date.now()));
    context.stdout(`${facts.join('\n')}\n${answer ? `\n${printable(answer.trimEnd())}\n` : ''}`);
    return 0;
  });
};
