// What has come of a review so far: the findings of those who have answered as one list, and by name who has not.
import { groupMembers, groupsWith } from '../../store/groups.js';
import type { JobRecord } from '../../store/record.js';
import type { Engine } from '../engine.js';
import { hasAnswered } from '../outcome.js';
import { answerText } from '../result.js';
import { scopeOf } from './kept.js';
import { linesElsewhere } from './lines.js';
import { type Merged, mergeFindings, type Source } from './merge.js';
import { checkedFindings, namedElsewhere, type ReviewScope } from './validate.js';

/** One who was asked. Only one who has answered can have found nothing. */
export interface Reviewer {
  name: string;
  /** Absent for one who got no job. */
  jobId?: string;
  /** Why there are no findings of his: `rate_limited`, `running`, `not_installed`. */
  missing?: string;
  /** What he has reported and is not shown: no such file, or no such line in it. */
  dropped: number;
  /** What is not kept of very many. */
  beyond: number;
}

/** A review with all that is known of it. */
export interface Review {
  /** Equal for reviewers who were shown the same. */
  id: string;
  folder: string;
  /** What the changes are against, in words. */
  against: string;
  files: number;
  /** Files that were named to the reviewers, but not shown, or not whole. */
  notShown: number;
  reviewers: Reviewer[];
  /** Merged over the reviewers; the worst first. */
  findings: Merged[];
}

interface Asked {
  job: JobRecord;
  scope: ReviewScope;
}

/** The reviews among these jobs, as far as they have come; secrets are masked. Other jobs are none. */
export async function reviewsAmong(engine: Engine, jobs: readonly JobRecord[]): Promise<Review[]> {
  const asked = await Promise.all(jobs.map(async (job) => ({ job, scope: await scopeOf(engine, job) })));
  const byId = new Map<string, Asked[]>();
  for (const { job, scope } of asked) {
    if (scope) byId.set(scope.id, [...(byId.get(scope.id) ?? []), { job, scope }]);
  }
  const reviews = await Promise.all([...byId.values()].map((each) => reviewOf(engine, each as [Asked, ...Asked[]])));
  return engine.secrets.maskAll(reviews);
}

async function reviewOf(engine: Engine, asked: readonly [Asked, ...Asked[]]): Promise<Review> {
  const names = namesOf(asked.map(({ job }) => job));
  const heard = await Promise.all(
    asked.map(({ job }, index) => hear(engine, asked[index] as Asked, names.get(job.id) ?? '')),
  );
  const [{ scope }] = asked;
  return {
    ...{ id: scope.id, folder: scope.folder, against: scope.against, notShown: scope.notShown },
    files: Object.keys(scope.files).length,
    reviewers: [
      ...heard.map(({ reviewer }) => reviewer),
      ...refusedWith(
        engine,
        asked.map(({ job }) => job),
      ),
    ],
    findings: mergeFindings(heard.flatMap(({ sources }) => sources)),
  };
}

/** What one has said, if it can be taken for an answer. */
async function hear(
  engine: Engine,
  { job, scope }: Asked,
  name: string,
): Promise<{ reviewer: Reviewer; sources: Source[] }> {
  const reviewer = { name, jobId: job.id, dropped: 0, beyond: 0 };
  const silent = (missing: string) => ({ reviewer: { ...reviewer, missing }, sources: [] });
  if (!hasAnswered(job)) return silent(job.reason ?? job.status);
  const answer = await answerText(engine, job);
  const elsewhere = await linesElsewhere(scope.folder, namedElsewhere(answer, scope));
  const checked = checkedFindings(answer, scope, elsewhere);
  // It did fit when the job ended; its files may have been touched since.
  if (!checked) return silent('invalid_output');
  const { findings, dropped, beyond } = checked;
  return {
    reviewer: { ...reviewer, dropped, beyond },
    sources: findings.map((each) => ({ ...each, reviewer: name })),
  };
}

/** As short as tells them apart: the provider, with its model, or the job. */
function namesOf(jobs: readonly JobRecord[]): Map<string, string> {
  const naming: ((job: JobRecord) => string)[] = [
    ({ provider }) => provider,
    ({ provider, model }) => (model === null ? provider : `${provider}:${model}`),
    ({ id }) => id,
  ];
  const nameOf = (job: JobRecord) =>
    naming.find((name) => jobs.filter((each) => name(each) === name(job)).length === 1)?.(job) ?? job.id;
  return new Map(jobs.map((job) => [job.id, nameOf(job)]));
}

/** Who was asked with them in one call, and got no job: of the newest such call. */
function refusedWith({ store }: Engine, jobs: readonly JobRecord[]): Reviewer[] {
  const ids = jobs.map(({ id }) => id);
  const group = groupsWith(store, ids).find(({ id }) =>
    groupMembers(store, id).every(({ job }) => ids.includes(job.id)),
  );
  return (group?.refused ?? []).map(({ provider, code }) => ({ name: provider, missing: code, dropped: 0, beyond: 0 }));
}
