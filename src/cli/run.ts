// `sidejob run`, `submit`, `continue`, `retry`: start jobs, and stay with them or not.
import { SidejobError } from '../errors.js';
import { conversationJob } from '../jobs/conversation.js';
import type { Engine } from '../jobs/engine.js';
import { ago } from '../jobs/figures.js';
import { requireJob } from '../jobs/lookup.js';
import type { Caller, JobRequest } from '../jobs/request.js';
import { requestAgain } from '../jobs/retry.js';
import { printable } from '../output/printable.js';
import { ACCESS_LEVELS } from '../providers/provider.js';
import {
  ASK_OPTIONS,
  type Asked,
  CLIENT,
  DETACH_OPTION,
  MANNER_OPTIONS,
  NEW_OPTIONS,
  personHere,
  promptOf,
  requestOf,
  startAll,
} from './asking.js';
import type { CommandContext } from './context.js';
import { forPerson } from './for-person.js';
import { checkUngoverned } from './inside-job.js';
import { Interrupts } from './interrupt.js';
import { oneId } from './one-id.js';
import { command, type Given, JSON_OPTION, listed } from './options.js';
import { waitForStart } from './start-wait.js';
import { stayWith, type Together } from './stay.js';
import { withJobs } from './with-jobs.js';

const PROMPT_NOTES = `The prompt is what you type; "-" or nothing reads it from standard input. With both, what comes through the pipe
is appended as data: git diff | sidejob run "review this".`;

const SUBMIT_NOTES = `Prints the id at once, and leaves when the job has begun. Where no place is free it waits for one; Ctrl-C leaves the
job in the queue, and the next server or "sidejob wait" starts it.`;

const STAY_NOTES = `Ctrl-C asks whether to detach or to cancel; a second one cancels. Without a terminal it detaches: the job goes on.
Exit status: 0 completed, 1 failed, 3 canceled, 4 orphaned, 124 ended at its time limit, 130 detached.`;

export const runCommand = command(
  { options: { ...ASK_OPTIONS, ...DETACH_OPTION }, words: true, notes: `${PROMPT_NOTES}\n${STAY_NOTES}` },
  ({ values, positionals }, context) => askNew(values, positionals, context, values.detach ?? false),
);

export const submitCommand = command(
  { options: ASK_OPTIONS, words: true, notes: `${PROMPT_NOTES}\n${SUBMIT_NOTES}` },
  ({ values, positionals }, context) => askNew(values, positionals, context, true),
);

async function askNew(
  values: Given<typeof ASK_OPTIONS>['values'],
  words: string[],
  context: CommandContext,
  detach: boolean,
): Promise<number> {
  const request = { ...(await requestOf(values)), prompt: await promptOf(words, context.stderr) };
  const { cwd, ...caller } = await personHere(context.env);
  const wish = { caller, request: { cwd, ...request } };
  const { json, judge } = values;
  return ask(context, { detach, json, judge, names: listed(values.provider) }, async () => wish);
}

const access = { ...NEW_OPTIONS.access, about: `${ACCESS_LEVELS.join(', ')}; as before if not said` } as const;

export const continueCommand = command(
  {
    options: { model: NEW_OPTIONS.model, access, ...MANNER_OPTIONS, ...DETACH_OPTION, json: JSON_OPTION },
    words: true,
    notes: `With the same CLI, in the same folder; what runs is a new job.\n${PROMPT_NOTES}\n${STAY_NOTES}`,
  },
  async ({ values, positionals: [id, ...words] }, context) => {
    const typed = oneId(id === undefined ? [] : [id]);
    const request = { ...(await requestOf(values)), prompt: await promptOf(words, context.stderr) };
    return ask(context, { ...values, names: [] }, async (engine) => {
      const job = conversationJob(engine, typed) ?? requireJob(engine, typed);
      return {
        caller: { client: CLIENT, project: job.project },
        request: { access: job.access, ...request, continueJob: job.id },
        provider: job.provider,
      };
    });
  },
);

export const retryCommand = command(
  {
    options: { ...DETACH_OPTION, json: JSON_OPTION },
    words: true,
    notes: `The same prompt (with what was attached then), CLI, model, access, folder and limits, as a new job that names the old one.
If that one went on with a conversation, this one does, too.\n${STAY_NOTES}`,
  },
  ({ values, positionals }, context) => {
    const typed = oneId(positionals);
    return ask(context, { ...values, names: [] }, async (engine) => {
      const job = requireJob(engine, typed);
      if (job.finishedAt === null) {
        throw new SidejobError('bad_argument', `${job.id} is still ${job.status}.`, 'Nothing was started.');
      }
      const request = await requestAgain(engine, job);
      context.stderr(`${job.id} once more, in ${job.cwd}\n`);
      return { caller: { client: CLIENT, project: job.project }, request, provider: job.provider };
    });
  },
);

export interface Wish {
  caller: Caller;
  request: Omit<JobRequest, 'provider'>;
  /** Of a job that exists already. */
  provider?: string;
}

interface Manner {
  detach?: boolean | undefined;
  json?: boolean | undefined;
  /** Which CLIs. */
  names: string[];
  /** Who weighs the answers. */
  judge?: string | undefined;
  /** Where the answers are shown as one. */
  together?: Together;
}

const STARTING = 'It is being started: [d]etach, [c]ancel, or Enter to wait on?';

/** Starts what is wanted, and stays with it unless it is to be left. */
export function ask(
  context: CommandContext,
  manner: Manner,
  wish: (engine: Engine) => Promise<Wish>,
  what = 'sidejob run',
): Promise<number> {
  return withJobs(
    context,
    async (engine) => {
      await checkUngoverned(engine, what);
      // From now on: a job that has been accepted must not be left without a word.
      const interrupts = new Interrupts(manner.detach ? undefined : STARTING);
      try {
        const { caller, request, provider } = await wish(engine);
        const names = provider === undefined ? manner.names : [provider];
        const asked = await startAll(engine, caller, request, names, manner.judge);
        tell(context, asked);
        const jobs = asked.started.map(({ job }) => job);
        const json = manner.json ?? false;
        const { together } = manner;
        const ids = together && asked.group ? [asked.group] : undefined;
        const status = manner.detach
          ? await waitForStart(engine, context, jobs, json, interrupts, ids)
          : await stayWith(engine, context, jobs, json, interrupts, together);
        return status === 0 && asked.refused.length > 0 ? 1 : status;
      } finally {
        interrupts.close();
      }
    },
    { attends: true },
  );
}

function tell({ stderr }: CommandContext, { group, started, refused }: Asked): void {
  if (group) stderr(`${group}: ${started.map(({ job }) => job.id).join(', ')}\n`);
  for (const { job, joined } of started) {
    if (!joined) continue;
    const ended = job.finishedAt === null ? 'and goes on' : `${ago(job.createdAt, Date.now())} ago, and has ended`;
    stderr(`${job.id}: the same was asked before, ${ended}; --fresh asks anew.\n`);
  }
  for (const note of new Set(started.flatMap((each) => each.notes ?? []))) stderr(`${printable(forPerson(note))}\n`);
  for (const error of refused) stderr(`sidejob: ${printable(forPerson(error.line))}\n`);
}
