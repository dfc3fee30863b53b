// What run, submit, continue and retry have in common: the request that a command line means, and starting it.
import { readFile, realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { messageOf, SidejobError } from '../errors.js';
import { fenced } from '../jobs/attach.js';
import { chooseWanted } from '../jobs/chain.js';
import type { Engine } from '../jobs/engine.js';
import { submitGroup } from '../jobs/group.js';
import { attachedGroup, chooseJudge, judgeRequest, submitJudge } from '../jobs/judge/submit.js';
import { checkNoPanel, withPanels } from '../jobs/panels.js';
import { findProject } from '../jobs/project.js';
import type { Caller, JobRequest, Submitted } from '../jobs/request.js';
import { loadStance } from '../jobs/stances.js';
import { submitJob } from '../jobs/submit.js';
import { isObject } from '../providers/json.js';
import { ACCESS_LEVELS, EFFORT_LEVELS } from '../providers/provider.js';
import type { Options } from './context.js';
import { duration, type Given, JSON_OPTION, oneOf } from './options.js';
import { pipedText } from './piped.js';

/** What every new question may say. */
export const MANNER_OPTIONS = {
  attach: {
    ...{ type: 'string', short: 'a', multiple: true, value: 'FILE', of: 'file' },
    about: 'a file, or job:ID for the answer of a job; may stand several times',
  },
  stance: {
    type: 'string',
    value: 'NAME',
    about: 'second-opinion, red-team, consensus-check, fact-check, or your own',
  },
  effort: { type: 'string', value: 'LEVEL', of: EFFORT_LEVELS, about: EFFORT_LEVELS.join(', ') },
  timeout: {
    type: 'string',
    short: 't',
    value: 'TIME',
    about: 'its limit: 90 (seconds), 15m, 2h; timeoutSec if not said',
  },
  'idle-timeout': { type: 'string', value: 'TIME', about: 'end it after so long without output' },
  label: { type: 'string', short: 'l', value: 'TEXT', about: 'a name for it in lists' },
  schema: { type: 'string', value: 'FILE', of: 'file', about: 'a JSON Schema that the answer must fit' },
  'wait-for-quota': { type: 'boolean', about: 'let it sleep until a rate limit is over' },
  fresh: { type: 'boolean', about: 'another job even if the same is under way' },
} as const satisfies Options;

/** What a conversation keeps once it has begun. */
export const NEW_OPTIONS = {
  provider: {
    ...{ type: 'string', short: 'p', multiple: true, value: 'NAME', of: 'provider' },
    about: 'which CLI, or panel; a,b are asked side by side, "a > b" one for want of the other',
  },
  judge: {
    ...{ type: 'string', short: 'j', value: 'NAME', of: 'provider' },
    about: 'one more that weighs the answers, without knowing whose they are; "auto" for one of the others',
  },
  model: { type: 'string', short: 'm', value: 'NAME', about: 'a model of that CLI' },
  cwd: { type: 'string', short: 'C', value: 'DIR', of: 'folder', about: 'where it works; here if not said' },
  access: {
    ...{ type: 'string', value: 'LEVEL', of: ACCESS_LEVELS },
    about: `${ACCESS_LEVELS.join(', ')}; read-only if not said`,
  },
  isolate: { type: 'boolean', about: 'let it edit in a git worktree of its own, from the last commit' },
  'with-changes': { type: 'boolean', about: 'the same, and take along what is not committed' },
  system: { type: 'string', value: 'TEXT', about: 'a system prompt' },
} as const satisfies Options;

export const DETACH_OPTION = {
  detach: { type: 'boolean', short: 'd', about: 'do not wait for the answer: print the id' },
} as const satisfies Options;

export const ASK_OPTIONS = { ...NEW_OPTIONS, ...MANNER_OPTIONS, json: JSON_OPTION } as const;

type AskValues = Partial<Given<typeof ASK_OPTIONS>['values']>;

/** The request of a command line, without its prompt. */
export async function requestOf(values: AskValues): Promise<Omit<JobRequest, 'prompt' | 'provider'>> {
  const { model, effort, system, timeout, label, schema, fresh, stance } = values;
  const idle = values['idle-timeout'];
  const request = {
    ...{
      kind: 'async' as const,
      model,
      label,
      fresh,
      stance,
      systemPrompt: system,
      waitForQuota: values['wait-for-quota'],
    },
    cwd: values.cwd === undefined ? undefined : resolve(values.cwd),
    access: oneOf('access', ACCESS_LEVELS, values.access),
    isolate: values['with-changes'] ? ('with-changes' as const) : values.isolate,
    effort: oneOf('effort', EFFORT_LEVELS, effort),
    // As the person sees them, wherever the job works.
    attach: values.attach?.map((name) => (name.startsWith('job:') ? name : resolve(name))),
    timeoutSec: timeout === undefined ? undefined : limit('timeout', timeout),
    idleTimeoutSec: idle === undefined ? undefined : limit('idle-timeout', idle),
    outputSchema: schema === undefined ? undefined : await schemaIn(schema),
  };
  return Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined)) as typeof request & {
    kind: 'async';
  };
}

const LIMIT_MAX_SEC = 7 * 86_400;

function limit(option: string, given: string): number {
  const seconds = duration(option, given);
  if (seconds >= 1 && seconds <= LIMIT_MAX_SEC) return seconds;
  throw new SidejobError('bad_argument', `--${option} ${given}: from 1 second to 7 days.`);
}

async function schemaIn(file: string): Promise<Record<string, unknown>> {
  try {
    const schema: unknown = JSON.parse(await readFile(resolve(file), 'utf8'));
    if (isObject(schema)) return schema;
    throw new Error('it is no object');
  } catch (error) {
    throw new SidejobError('bad_argument', `--schema ${file} cannot be used: ${messageOf(error)}.`);
  }
}

/**
 * The prompt: what was typed, and what came through a pipe. With both, what came is appended as data.
 * @throws SidejobError `bad_argument` if there is neither
 */
export async function promptOf(words: readonly string[], stderr: (text: string) => void): Promise<string> {
  const typed = words.join(' ');
  const only = typed === '-' || typed.trim() === '';
  const piped = await pipedText(stderr, only);
  if (only) {
    if (piped?.trim()) return piped;
    throw new SidejobError('bad_argument', 'there is no prompt.', 'Say it in quotes, or pipe it in.');
  }
  return piped?.trim() ? `${typed}\n\n${fenced('standard input', piped)}` : typed;
}

/** Who asks at a terminal, and from where: the project around the folder he is in, else that folder. */
export async function personHere(env: NodeJS.ProcessEnv): Promise<Caller & { cwd: string }> {
  const cwd = await realpath(process.cwd());
  return { client: CLIENT, project: (await findProject({}, cwd, env.HOME ?? '')) ?? cwd, cwd };
}

/** As jobs, audit and counters name the person. */
export const CLIENT = 'command-line';

export interface Asked {
  /** Of several, the id of their group. */
  group?: string;
  started: Submitted[];
  /** Of several; what was refused did not hold back the rest. */
  refused: SidejobError[];
}

/**
 * Starts one job for each provider, and one for the judge of their answers.
 * @throws SidejobError if there is none
 */
export async function startAll(
  engine: Engine,
  caller: Caller,
  given: Omit<JobRequest, 'provider'>,
  named: readonly string[],
  judge: string | undefined,
): Promise<Asked> {
  const names = withPanels(engine.config.panels, named);
  if (judge !== undefined && names.length < 2) return judgeAttached(engine, caller, given, names, judge);
  // With a judge, the stance is the judge's.
  const { stance, ...plain } = given;
  const request = judge === undefined ? given : plain;
  if (stance !== undefined) await loadStance(engine.paths, stance);
  const asked: Asked = { started: [], refused: [] };
  // All of them are known before the first is started.
  const providers = [];
  for (const name of names.length > 0 ? names : [undefined]) {
    if (name !== undefined) checkNoPanel(engine, name, 'provider');
    providers.push(await chooseWanted(engine, name, request.model, caller.client));
  }
  const asking = providers.flatMap((members) => members.map(({ provider }) => provider.name));
  const judges = judge === undefined ? undefined : await chooseJudge(engine, judge, asking, caller.client);
  if (providers.length > 1) {
    const wishes = providers.map((members) => ({ members, request }));
    const { group, started, refused } = await submitGroup(engine, caller, wishes);
    Object.assign(asked, { group: group?.id, started, refused: refused.map(({ error }) => error) });
    if (judges && group && started.length > 1) {
      try {
        asked.started.push(
          await submitJudge(engine, caller, judgeRequest(request), judges, { group: group.id, stance }),
        );
      } catch (error) {
        if (!(error instanceof SidejobError)) throw error;
        asked.refused.push(error);
      }
    }
  } else {
    for (const provider of providers) asked.started.push(await submitJob(engine, caller, request, provider));
  }
  const [first] = asked.refused;
  if (asked.started.length === 0 && first) throw first;
  return asked;
}

/** Starts a judge of answers that are there: of a group, or of jobs that are attached. */
async function judgeAttached(
  engine: Engine,
  caller: Caller,
  request: Omit<JobRequest, 'provider'>,
  names: readonly string[],
  judge: string,
): Promise<Asked> {
  if (names.length > 0 || !request.attach) {
    const todo = 'Ask several (-p a,b), or name answers that are there (-a job:group-ID).';
    throw new SidejobError('bad_argument', '--judge weighs the answers of several.', `${todo} Nothing was started.`);
  }
  const { group, providers, cwd } = await attachedGroup(engine, { ...request });
  const judges = await chooseJudge(engine, judge, providers, caller.client);
  const wish = { group: await group(), focus: request.prompt, stance: request.stance };
  return { started: [await submitJudge(engine, caller, { ...judgeRequest(request), cwd }, judges, wish)], refused: [] };
}
