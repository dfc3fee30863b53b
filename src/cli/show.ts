// `sidejob show ID`: one job with its answer.
import { readableAnswer } from '../jobs/judge/text.js';
import { requireJob } from '../jobs/lookup.js';
import { reviewNamed } from '../jobs/review/named.js';
import { settledJob } from '../jobs/settle.js';
import { printable } from '../output/printable.js';
import { forPerson } from './for-person.js';
import { personView, STATUS_STYLES } from './job-view.js';
import { oneId } from './one-id.js';
import { command, JSON_OPTION } from './options.js';
import { reviewForPerson } from './review-view.js';
import { nowRead, withAnswer } from './stay.js';
import { type Cell, table } from './terminal.js';
import { withJobs } from './with-jobs.js';

export const showCommand = command(
  { options: { json: JSON_OPTION }, words: true },
  ({ values, positionals }, context) => {
    const typed = oneId(positionals);
    return withJobs(context, async (engine) => {
      const settled = await settledJob(engine, requireJob(engine, typed));
      if (values.json) {
        // A program that looks is nobody who reads.
        context.stdout(`${JSON.stringify(await withAnswer(engine, settled), null, 2)}\n`);
        return 0;
      }
      const job = await nowRead(engine, settled);
      const view = await personView(engine, job);
      // Nothing is masked for the owner, unless it is set to `strict`.
      const named = await reviewNamed(engine, job.id);
      const answer = named
        ? reviewForPerson(named.review, process.cwd())
        : printable(await engine.secrets.mask(await readableAnswer(engine, job)));
      const more = { ...(job.sessionId && { sessionId: job.sessionId }), ...(job.login && { login: job.login }) };
      const rows = Object.entries({ ...view, ...more, ...job.usage }).map(([name, value]): Cell[] => {
        const text = name === 'hint' ? forPerson(String(value), job.id) : String(value);
        return [
          { text: name.padEnd(14), style: 'dim' },
          name === 'status' ? { text, style: STATUS_STYLES[view.status] } : text,
        ];
      });
      context.stdout(`${table(rows)}${answer ? `\n${answer.trimEnd()}\n` : ''}`);
      return 0;
    });
  },
);
