// `sidejob review`: changes go to one or several CLIs, and what they find is shown as one list.
import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { SidejobError } from '../errors.js';
import type { Engine } from '../jobs/engine.js';
import { topOf } from '../jobs/review/changes.js';
import { rankOf, SEVERITIES, type Severity } from '../jobs/review/finding.js';
import { type Review, reviewsAmong } from '../jobs/review/outcome.js';
import { reviewRequest, withChanges } from '../jobs/review/request.js';
import type { JobRecord } from '../store/record.js';
import { CLIENT, DETACH_OPTION, MANNER_OPTIONS, NEW_OPTIONS, requestOf } from './asking.js';
import type { CommandContext, Options } from './context.js';
import { EXIT } from './exit-status.js';
import { command, listed, oneOf } from './options.js';
import { reviewForPerson } from './review-view.js';
import { ask } from './run.js';

/** A review has its own form of answer, and its own stance. */
const { schema: _, stance: __, ...MANNER } = MANNER_OPTIONS;
const { provider, model } = NEW_OPTIONS;

const OPTIONS = {
  base: {
    ...{ type: 'string', short: 'b', value: 'REF' },
    about: 'since this branch, tag or commit; what is not committed if not said, else what the branch has added',
  },
  about: { type: 'string', value: 'TEXT', about: 'what the changes are for, and what to look at' },
  provider,
  model,
  cwd: { ...NEW_OPTIONS.cwd, about: 'a folder of the repository; here if not said' },
  ...MANNER,
  'fail-on': {
    type: 'string',
    value: 'SEVERITY',
    of: SEVERITIES,
    about: `exit with 6 if something is found that is so bad, or worse`,
  },
  ...DETACH_OPTION,
  json: { type: 'boolean', about: 'the findings as JSON' },
} as const satisfies Options;

const NOTES = `Each CLI is shown the same changes, new files too, and only reads. Several are asked with -p a,b.
Ctrl-C asks whether to detach or to cancel. With --detach, "sidejob result ID" shows the findings later.
Severities: ${SEVERITIES.join(', ')}.
Exit status: 0 all have answered, 6 what --fail-on names was found; else that of "sidejob run".`;

export const reviewCommand = command(
  { options: OPTIONS, words: true, notes: NOTES },
  async ({ values, positionals }, context) => {
    const failOn = oneOf('fail-on', SEVERITIES, values['fail-on']);
    if (failOn && values.detach) {
      throw new SidejobError('bad_argument', '--fail-on and --detach exclude each other.', 'Leave one out.');
    }
    const from = await realpath(resolve(values.cwd ?? '.'));
    const top = await topOf(from, context.env);
    const asked = reviewRequest({ ...(await requestOf({ ...values, cwd: top })), prompt: values.about ?? '' });
    const wanted = { base: values.base, paths: positionals.map((path) => resolve(from, path)) };
    const caller = { client: CLIENT, project: top };
    let found = false;
    const together = async (engine: Engine, jobs: readonly JobRecord[]) => {
      const reviews = await reviewsAmong(engine, jobs);
      printReviews(context, reviews, values.json ?? false);
      found = failOn !== undefined && reviews.some((review) => isFound(review, failOn));
    };
    const status = await ask(
      context,
      { ...values, names: listed(values.provider), together },
      async (engine) => ({ caller, request: await withChanges(engine, caller, asked, wanted) }),
      'sidejob review',
    );
    return found ? EXIT.found : status;
  },
);

/** As `review`, and `result` of one, show it. */
export function printReviews({ stdout }: CommandContext, reviews: readonly Review[], json: boolean): void {
  const [only] = reviews;
  if (json) stdout(`${JSON.stringify(reviews.length === 1 ? only : reviews, null, 2)}\n`);
  else for (const review of reviews) stdout(reviewForPerson(review, process.cwd()));
}

function isFound({ findings }: Review, worst: Severity): boolean {
  return findings.some(({ severity }) => rankOf(severity) <= rankOf(worst));
}
