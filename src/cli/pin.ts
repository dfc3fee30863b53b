// `sidejob pin ID...`, `sidejob unpin ID...`: jobs that are kept whatever the limits say.
import { requireJobs } from '../jobs/lookup.js';
import { setPinned } from '../store/transitions.js';
import type { Command } from './context.js';
import { someIds } from './one-id.js';
import { command, JSON_OPTION } from './options.js';
import { withJobs } from './with-jobs.js';

export const pinCommand = pinning(true);
export const unpinCommand = pinning(false);

function pinning(pinned: boolean): Command {
  return command({ options: { json: JSON_OPTION }, words: true }, ({ values, positionals }, context) => {
    const ids = someIds(positionals, '"sidejob list --all" shows them.');
    return withJobs(context, async (engine) => {
      const jobs = ids.flatMap((typed) => requireJobs(engine, typed));
      const done: { jobId: string; pinned: boolean; changed: boolean }[] = [];
      for (const { id } of jobs) {
        const changed = await engine.store.write(() => setPinned(engine.store, id, pinned));
        done.push({ jobId: id, pinned, changed });
      }
      if (values.json) context.stdout(`${JSON.stringify(done, null, 2)}\n`);
      else for (const { jobId, changed } of done) context.stdout(`${jobId} ${wordsFor(pinned, changed)}\n`);
      return 0;
    });
  });
}

function wordsFor(pinned: boolean, changed: boolean): string {
  if (!changed) return pinned ? 'was pinned before' : 'was not pinned';
  return pinned ? 'pinned: it is kept until you unpin it' : 'unpinned';
}
