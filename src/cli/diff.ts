// `sidejob diff ID`: what an isolated job has changed.
import { diffOf, requireWorktree } from '../jobs/isolation/diff.js';
import { requireJob } from '../jobs/lookup.js';
import { settledJob } from '../jobs/settle.js';
import { printable, visible } from '../output/printable.js';
import { EXIT } from './exit-status.js';
import { oneId } from './one-id.js';
import { command, JSON_OPTION } from './options.js';
import { paint, type Style } from './terminal.js';
import { withJobs } from './with-jobs.js';

const STYLES: readonly (readonly [RegExp, Style])[] = [
  [/^(diff --git|---|\+\+\+|index|new file|deleted file|old mode|new mode|rename|similarity|Binary) ?/, 'bold'],
  [/^@@/, 'cyan'],
  [/^\+/, 'green'],
  [/^-/, 'red'],
];

export const diffCommand = command(
  {
    options: {
      stat: { type: 'boolean', about: 'the files alone' },
      json: { ...JSON_OPTION, about: 'as JSON: { jobId, branch, state, files, patch }' },
    },
    words: true,
    notes: `The files come first, then the patch: "sidejob diff ID > job.patch" keeps both, and "git apply" reads it.
Exit status: 0, or 5 if the job has not ended, and this is what there is so far.`,
  },
  ({ values, positionals }, context) => {
    const typed = oneId(positionals);
    return withJobs(context, async (engine) => {
      const job = await settledJob(engine, requireJob(engine, typed));
      const { summary, files, patch } = await diffOf(engine, job);
      const { branch, state } = requireWorktree(engine, job);
      // Nothing is masked for the owner, unless it is set to `strict`.
      const text = values.stat ? '' : await engine.secrets.mask(patch.toString('utf8'));
      if (values.json) {
        const data = { jobId: job.id, branch, state, files, ...(!values.stat && { patch: text }) };
        context.stdout(`${JSON.stringify(await engine.secrets.maskAll(data), null, 2)}\n`);
      } else {
        context.stdout(visible(await engine.secrets.mask(summary)));
        if (text) context.stdout(`\n${process.stdout.isTTY ? painted(printable(text)) : text}`);
      }
      return job.finishedAt === null ? EXIT.unfinished : 0;
    });
  },
);

function painted(patch: string): string {
  const lines = patch.split('\n').map((line) => {
    const style = STYLES.find(([begin]) => begin.test(line))?.[1];
    return style === undefined ? line : paint(style, line);
  });
  return lines.join('\n');
}
