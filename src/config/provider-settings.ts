// What a user may say of one CLI under `[providers.NAME]`: of one that Sidejob knows, and of one that it does not.
import { z } from 'zod';
import { whole } from './settings.js';

const words = z.array(z.string(), 'must be a list of words: ["--one", "--two"]');
const variables = z.record(
  z.string().regex(/^[^=\0]+$/, 'is no name of a variable'),
  z.string().regex(/^[^\0]*$/, 'holds a NUL byte'),
);
const absolute = z.string().startsWith('/', 'must be an absolute path');

/** Which variables of the server's environment a CLI gets. Names may hold `*`. */
export const ENV_RULES = z.strictObject({
  pass: words
    .optional()
    .describe(
      `Only these variables of the server's environment, those that nothing works without, and those of the CLI's own login. Absent: all. "*" stands for any letters.`,
    ),
  drop: words.optional().describe('Not these.'),
  set: variables.optional().describe('Variables that are set; keys may stand here.'),
});
export type EnvRules = z.infer<typeof ENV_RULES>;

/** Where a value stands in a JSON record: `message.content[].text`; `[]` goes through a list, `[0]` takes one. */
const path = z
  .string()
  .regex(/^[\w$-]+(\[\d*\])*(\.[\w$-]+(\[\d*\])*)*$/, 'must be a path such as message.content[].text');

/** What one kind of record in a CLI's output means. */
const EVENT = z.strictObject({
  when: z
    .record(path, z.union([z.string(), z.number(), z.boolean()], 'must be a text, a number, true or false'))
    .optional()
    .describe('Only records in which these paths have these values. Absent: every record.'),
  text: path.optional().describe('A piece of the answer.'),
  delta: z.boolean().optional().describe('The text continues the piece before.'),
  thinking: path.optional().describe('A piece of its thoughts.'),
  answer: path.optional().describe('The complete answer.'),
  session: path.optional().describe("The conversation's id."),
  model: path.optional().describe('The model that answers.'),
  tool: path.optional().describe("A tool's name."),
  toolInput: path.optional().describe("A tool's arguments, or what tells most about the call."),
  error: path.optional().describe('What went wrong.'),
  usage: z
    .strictObject({
      inputTokens: path,
      outputTokens: path,
      cachedTokens: path,
      reasoningTokens: path,
      costUsd: path,
    })
    .partial()
    .optional()
    .describe('What the run has used.'),
  end: z.enum(['ok', 'error']).optional().describe('The run is over.'),
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
  title: z.string().min(1).optional().describe("The product's name, for people."),
  vendor: z.string().min(1).optional().describe('Whose model answers.'),
  install: z.string().min(1).optional().describe('How it is installed; for hints.'),
  login: z.string().min(1).optional().describe('How one logs in; for hints.'),
  prompt: z
    .union([z.literal('stdin'), words])
    .optional()
    .describe('How the prompt reaches it: "stdin", or arguments with {prompt}.'),
  model: words.optional().describe('Arguments that name the model: {model}. Absent: it cannot be asked for.'),
  defaultModel: z
    .string()
    .min(1)
    .optional()
    .describe('The model of a request that names none, for a CLI that has no default of its own.'),
  effort: words.optional().describe('Arguments that name the effort: {effort}.'),
  system: words.optional().describe('Arguments that hold a system prompt: {system}.'),
  fresh: words.optional().describe('Arguments that begin a conversation under an id that we choose: {session}.'),
  resume: words.optional().describe('Arguments that go on with a conversation: {session}.'),
  interactive: words
    .optional()
    .describe('Arguments with which its own program goes on with a conversation on a terminal: {session}.'),
  access: z
    .strictObject({ 'read-only': words, edit: words, full: words })
    .partial()
    .optional()
    .describe('Arguments for each level of access that it can keep. A level that is not there is refused.'),
  accessEnv: z
    .strictObject({ 'read-only': variables, edit: variables, full: variables })
    .partial()
    .optional()
    .describe('Variables for each level, for a CLI that has no arguments for it.'),
  models: words.optional().describe('Names of models, shown to assistants.'),
  loginEnv: words.optional().describe('Variables of which one shows a login.'),
  loginFiles: words.optional().describe('Files below the home folder of which one shows a login.'),
  output: z
    .enum(['text', 'lines', 'document'])
    .optional()
    .describe('What it prints: the answer as it is, JSON lines, or one JSON document.'),
  events: z.array(EVENT).min(1).optional().describe('What the records of its output mean.'),
  startGapMs: whole(0, 600_000).optional().describe('Least time between two starts, in milliseconds.'),
});
export type Definition = z.infer<typeof DEFINITION>;
/** Keys that only a CLI of one's own has. */
export const DEFINITION_KEYS = Object.keys(DEFINITION.shape);

export const PROVIDER_SETTINGS = z.strictObject({
  command: z
    .string()
    .regex(
      /^(\/.+|[^/\s]+)$/,
      'must be an absolute path, or a name to look for on PATH; words after it belong into args',
    )
    .optional()
    .describe('The executable: an absolute path, or (for a CLI of your own) a name to look for on PATH.'),
  maxRunning: whole(1, 1000).optional().describe('Jobs that may run at once on this CLI.'),
  maxJobsPerDay: whole(1, 1_000_000).optional().describe('Jobs accepted in a day on this CLI.'),
  maxTokensPerDay: whole(1, Number.MAX_SAFE_INTEGER)
    .optional()
    .describe('Tokens used in a day on this CLI beyond which no job is accepted.'),
  maxCostPerDay: z.coerce
    .number('must be a number above 0')
    .positive('must be a number above 0')
    .optional()
    .describe('US dollars used in a day on this CLI, as far as it reports them, beyond which no job is accepted.'),
  env: ENV_RULES.optional().describe(
    "Which variables of the server's environment this CLI gets, beside what [env] says.",
  ),
  /** The owner's extras, passed on in the CLI's own words; see `Extras` in providers/provider.ts. */
  args: words.optional().describe('Arguments passed on as they are.'),
  addDirs: z.array(absolute).optional().describe('More folders that it may work in; absolute paths.'),
  allowTools: words.optional().describe("Tools that need no permission, in the CLI's own words."),
  denyTools: words.optional().describe("Tools that are not to be had, in the CLI's own words."),
  mcpConfig: absolute.optional().describe("Path of an MCP configuration file, in the CLI's own format."),
  ...DEFINITION.shape,
});
export type ProviderSettings = z.infer<typeof PROVIDER_SETTINGS>;
