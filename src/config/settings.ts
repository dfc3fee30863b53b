// Every setting there is: its key in config.toml, its environment variable, its default and what it accepts.
// A setting that is not read somewhere does not belong here.
import { z } from 'zod';

/** A whole number, in the file or as a variable's text. */
export function whole(min: number, max: number) {
  const range = max === Number.MAX_SAFE_INTEGER ? `of ${min} or more` : `from ${min} to ${max}`;
  const wrong = `must be a whole number ${range}`;
  return z.coerce.number(wrong).int(wrong).min(min, wrong).max(max, wrong);
}

/** A list: in the file as one of TOML's, in a variable as one text with `separator` between its items. */
function list(separator: string, item: z.ZodType<string>) {
  return z.preprocess(
    (value) => {
      if (typeof value !== 'string') return value;
      const items = value.split(separator).map((each) => each.trim());
      // A text of separators alone names nothing: an error, and not the empty list, which may mean "all".
      return items.some(Boolean) ? items.filter(Boolean) : [''];
    },
    z.array(item, 'must be a list: ["one", "two"]'),
  );
}

const word = z.string().trim().min(1, 'an item is empty');
const root = z.string().regex(/^(\.|~(\/[^\0]*)?|\/[^\0]*)$/, 'a root is an absolute path, "~", "~/…" or "."');

export const SETTINGS = {
  maxRunning: { schema: whole(1, 1000), initial: 8, about: 'Jobs that may run at once, over all servers.' },
  maxRunningPerProvider: { schema: whole(1, 1000), initial: 4, about: 'Jobs that may run at once on one CLI.' },
  maxQueued: { schema: whole(0, 100_000), initial: 500, about: 'Jobs that may wait for a place.' },
  timeoutSec: { schema: whole(1, 7 * 86_400), initial: 3600, about: 'Total time limit of a job that names none.' },
  graceSec: { schema: whole(0, 300), initial: 5, about: 'Seconds between SIGTERM and SIGKILL.' },
  waitSec: { schema: whole(0, 3600), initial: 0, about: 'Wait of one call; 0: what the client allows.' },
  outputLimitMb: { schema: whole(1, 1_000_000), initial: 1024, about: 'Output at which a job is ended.' },
  keepDays: { schema: whole(1, 36_500), initial: 30, about: 'Days that an ended job is kept once it was read.' },
  keepUnreadDays: { schema: whole(1, 36_500), initial: 90, about: 'Days that an unread one is kept.' },
  keepJobs: { schema: whole(1, 10_000_000), initial: 10_000, about: 'Ended jobs kept at the most.' },
  keepMb: { schema: whole(1, 100_000_000), initial: 10_240, about: 'Output of ended jobs kept at the most.' },
  minFreeMb: { schema: whole(0, 10_000_000), initial: 200, about: 'Free disk below which no job is accepted.' },
  maxAccess: { schema: z.enum(['read-only', 'edit', 'full']), initial: 'full', about: 'Highest access of a job.' },
  roots: {
    schema: list(':', root),
    initial: ['~', '.'],
    about: 'Folders in which jobs may work; "~" is the home folder, "." the project of the client.',
  },
  allowedProviders: {
    schema: list(',', word.toLowerCase()),
    initial: [],
    about: 'CLIs that may be asked; empty: all.',
  },
  allowedModels: {
    schema: list(',', word),
    initial: [],
    about: 'Models that may be asked for, "*" for any letters; empty: all.',
  },
  maxJobsPerHour: { schema: whole(0, 1_000_000), initial: 0, about: 'Jobs accepted within an hour; 0: no limit.' },
  maxJobsPerDay: { schema: whole(0, 1_000_000), initial: 0, about: 'Jobs accepted in a day; 0: no limit.' },
  maxTokensPerDay: {
    schema: whole(0, Number.MAX_SAFE_INTEGER),
    initial: 0,
    about: 'Tokens used in a day (in and out) beyond which no job is accepted; 0: no limit.',
  },
  maxCostPerDay: {
    schema: z.coerce.number('must be a number of 0 or more').min(0, 'must be a number of 0 or more'),
    initial: 0,
    about: 'US dollars used in a day, as far as CLIs report them, beyond which no job is accepted; 0: no limit.',
  },
  redact: {
    schema: z.enum(['off', 'results', 'strict']),
    initial: 'results',
    about:
      'Secrets that are masked: none, those in what assistants get, or all that look like one, in the terminal too.',
  },
  maxDepth: { schema: whole(0, 20), initial: 2, about: 'How deep jobs may start jobs.' },
  defaultProvider: {
    schema: z.string().min(1),
    initial: 'auto',
    about: 'Provider when none is asked for; "claude > codex": the first that can answer.',
  },
} as const;

export type SettingName = keyof typeof SETTINGS;
export type Settings = { [Name in SettingName]: z.infer<(typeof SETTINGS)[Name]['schema']> };

/** `maxRunning` → `SIDEJOB_MAX_RUNNING`. */
export function variableOf(name: string): string {
  return `SIDEJOB_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}
