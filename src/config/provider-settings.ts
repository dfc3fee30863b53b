// What a user may say of one CLI under `[providers.NAME]`: of one that Sidejob knows, and of one that it does not.
import { z } from 'zod';

const whole = (min: number, max: number) => z.coerce.number().int().min(min).max(max);
const words = z.array(z.string(), 'must be a list of words: ["--one", "--two"]');
const variables = z.record(
  z.string().regex(/^[^=\0]+$/, 'is no name of a variable'),
  z.string().regex(/^[^\0]*$/, 'holds a NUL byte'),
);
const absolute = z.string().startsWith('/', 'must be an absolute path');

/** Which variables of the server's environment a CLI gets. Names may hold `*`. */
export const ENV_RULES = z.strictObject({
  /** Only these, the basics and those of the CLI's own login. Absent: all. */
  pass: words.optional(),
  /** Not these. */
  drop: words.optional(),
  set: variables.optional(),
});
export type EnvRules = z.infer<typeof ENV_RULES>;

/** Where a value stands in a JSON record: `message.content[].text`; `[]` goes through a list, `[0]` takes one. */
const path = z
  .string()
  .regex(/^[\w$-]+(\[\d*\])*(\.[\w$-]+(\[\d*\])*)*$/, 'must be a path such as message.content[].text');

/** What one kind of record in a CLI's output means. */
const EVENT = z.strictObject({
  /** Only records in which these paths have these values. Absent: every record. */
  when: z
    .record(path, z.union([z.string(), z.number(), z.boolean()], 'must be a text, a number, true or false'))
    .optional(),
  /** A piece of the answer; with `delta`, it continues the piece before. */
  text: path.optional(),
  delta: z.boolean().optional(),
  thinking: path.optional(),
  /** The complete answer. */
  answer: path.optional(),
  session: path.optional(),
  model: path.optional(),
  /** A tool's name, and its arguments or what tells most about the call. */
  tool: path.optional(),
  toolInput: path.optional(),
  error: path.optional(),
  usage: z
    .strictObject({
      inputTokens: path,
      outputTokens: path,
      cachedTokens: path,
      reasoningTokens: path,
      costUsd: path,
    })
    .partial()
    .optional(),
  /** The run is over. */
  end: z.enum(['ok', 'error']).optional(),
});
export type EventRule = z.infer<typeof EVENT>;
/** Keys that stand in a table within a provider's, for errors that name the near one. */
export const INNER_KEYS: string[] = [
  ...Object.keys(EVENT.shape),
  ...Object.keys(ENV_RULES.shape),
  ...['read-only', 'edit', 'full', 'inputTokens', 'outputTokens', 'cachedTokens', 'reasoningTokens', 'costUsd'],
];

/** What makes a provider of a CLI that Sidejob does not know; `docs/adding-a-provider.md` tells how. */
export const DEFINITION = z.strictObject({
  title: z.string().min(1).optional(),
  vendor: z.string().min(1).optional(),
  install: z.string().min(1).optional(),
  login: z.string().min(1).optional(),
  /** How the prompt reaches it: on stdin, or in arguments with `{prompt}`. */
  prompt: z.union([z.literal('stdin'), words]).optional(),
  /** Arguments for what a request may name; each stands for itself in `{…}`. Absent: it cannot be asked for. */
  model: words.optional(),
  /** The model of a request that names none, for a CLI that has no default of its own. */
  defaultModel: z.string().min(1).optional(),
  effort: words.optional(),
  system: words.optional(),
  /** To begin a conversation under an id that we choose, and to go on with one: `{session}`. */
  fresh: words.optional(),
  resume: words.optional(),
  /** Arguments for each level of access that it can keep. A level that is not there is refused. */
  access: z.strictObject({ 'read-only': words, edit: words, full: words }).partial().optional(),
  /** Variables for each level, for a CLI that has no arguments for it. */
  accessEnv: z.strictObject({ 'read-only': variables, edit: variables, full: variables }).partial().optional(),
  models: words.optional(),
  /** Variables, and files below the home folder, of which one shows a login. */
  loginEnv: words.optional(),
  loginFiles: words.optional(),
  output: z.enum(['text', 'lines', 'document']).optional(),
  events: z.array(EVENT).min(1).optional(),
  startGapMs: whole(0, 600_000).optional(),
});
export type Definition = z.infer<typeof DEFINITION>;
/** Keys that only a CLI of one's own has. */
export const DEFINITION_KEYS = Object.keys(DEFINITION.shape);

export const PROVIDER_SETTINGS = z.strictObject({
  /** The executable: an absolute path, or (for a CLI of one's own) a name to look for on PATH. */
  command: z
    .string()
    .regex(
      /^(\/.+|[^/\s]+)$/,
      'must be an absolute path, or a name to look for on PATH; words after it belong into args',
    )
    .optional(),
  maxRunning: whole(1, 1000).optional(),
  /** Limits for a day, on this CLI alone. */
  maxJobsPerDay: whole(1, 1_000_000).optional(),
  maxTokensPerDay: whole(1, Number.MAX_SAFE_INTEGER).optional(),
  maxCostPerDay: z.coerce.number().positive().optional(),
  env: ENV_RULES.optional(),
  /** The owner's extras, passed on in the CLI's own words; see `Extras` in providers/provider.ts. */
  args: words.optional(),
  addDirs: z.array(absolute).optional(),
  allowTools: words.optional(),
  denyTools: words.optional(),
  mcpConfig: absolute.optional(),
  ...DEFINITION.shape,
});
export type ProviderSettings = z.infer<typeof PROVIDER_SETTINGS>;
