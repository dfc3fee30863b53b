// What a reply says beside the jobs themselves: of requests that became no new jobs, and of what does not come along.
import type { Submitted } from '../jobs/request.js';
import { JUDGE, type Started } from './asking.js';
import { cutEnd, ERROR_MAX_CHARS } from './fit.js';

/** A refusal as it is told beside jobs that were started. */
function toldBeside({ group }: Started, { provider, error }: Started['refused'][number]): string {
  const told = `${cutEnd(provider, 60)}: ${error.line.replace(/ Nothing was started\.$/, '')}`;
  if (!group || !provider.startsWith(JUDGE)) return told;
  return `${told} The answers come all the same; judge with attach:["job:${group.id}"] weighs them later.`;
}

/** What a reply says of requests that did not become new jobs, and of jobs that know no project. */
export function notesOn(outcome: Started, scratch: string): string[] {
  const { started, refused } = outcome;
  const joined = (by: Submitted['joined']) => started.filter((each) => each.joined === by).map(({ job }) => job.id);
  const asked = joined('request');
  const keyed = joined('dedupeKey');
  const nowhere = started.some(({ job, joined }) => !joined && job.cwd === scratch);
  const notes = [
    ...new Set(started.flatMap((each) => each.notes ?? [])),
    ...(asked.length > 0
      ? [`Joined ${asked.join(', ')}: the same was asked before. fresh:true (llm_job_submit) starts another.`]
      : []),
    ...(keyed.length > 0 ? [`Joined ${keyed.join(', ')}, the active job with that dedupeKey.`] : []),
    ...(nowhere ? ['No project is known here: it runs in an empty folder. Give cwd if it needs files.'] : []),
    ...refused.map((refusal) => toldBeside(outcome, refusal)),
  ];
  return notes.map((note) => cutEnd(note, ERROR_MAX_CHARS));
}
