// What a policy decides about: a call, as it was sent and as Sidejob understands it. Whoever calls fills it in.

/** What a call comes to for one CLI; only what is known is there. */
export interface Facts {
  provider?: string;
  model?: string;
  access?: string;
  /** The real path, symbolic links resolved. */
  cwd?: string;
  /** Of the job that would be started: 1 for one that a person's assistant starts. */
  depth?: number;
  /** In characters (UTF-16 units), as `String.length` counts. */
  promptLength?: number;
  /** Whether the answer has to fit a schema. */
  structured?: boolean;
  /** Whether it works in a git worktree of its own. */
  isolate?: boolean;
  /** The job or session whose conversation would go on. */
  continueJob?: string;
}

export interface PolicyRequest {
  readonly tool: string;
  /** What the caller sent, after answers to questions were filled in. */
  readonly args: Readonly<Record<string, unknown>>;
  /** One for each CLI that would be asked; a single empty one for tools that start nothing. */
  readonly facts: readonly Facts[];
}

/** What a fact is, for conditions that could never hold. */
export const FACT_TYPES = {
  provider: 'string',
  model: 'string',
  access: 'string',
  cwd: 'string',
  depth: 'number',
  promptLength: 'number',
  structured: 'boolean',
  isolate: 'boolean',
  continueJob: 'string',
} as const satisfies Record<keyof Required<Facts>, string>;

export type FactName = keyof typeof FACT_TYPES;
export const FACT_NAMES = Object.keys(FACT_TYPES) as FactName[];

export function isFactName(name: string | undefined): name is FactName {
  return name !== undefined && Object.hasOwn(FACT_TYPES, name);
}
