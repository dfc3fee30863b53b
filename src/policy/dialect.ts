// The format of the policy file, as MCP policy gateways share it. Strict: what is not here is an error. The JSON Schema
// in schemas/ is made of this (`npm run schemas`).
import { z } from 'zod';
import { FACT_NAMES } from './request.js';

const SCALAR = z.union([z.string(), z.number(), z.boolean()], 'must be a text, a number, true or false');
export type Scalar = z.infer<typeof SCALAR>;

const count = z.number().int().min(1).max(1_000_000_000).describe('Calls that pass in one window.');
const reason = z.string().min(1).max(1000);

/** A fact, or what was sent. */
const PATH = z
  .string()
  .regex(
    new RegExp(`^(${FACT_NAMES.join('|')}|args(\\.[^.]+)+)$`),
    `must be ${FACT_NAMES.join(', ')}, or args. and an argument's name`,
  )
  .describe(
    `What is looked at: ${FACT_NAMES.join(', ')} of the job as it would start, or args.NAME (dots go deeper) of what the caller sent. args.cwd and the like are looked at as sent and as understood.`,
  );

const condition = <const Op extends readonly [string, ...string[]], Value extends z.ZodType>(
  ops: Op,
  value: Value,
  about: string,
) => z.strictObject({ path: PATH, op: z.enum(ops).describe('How it is compared.'), value: value.describe(about) });

export const CONDITION = z.discriminatedUnion('op', [
  condition(['eq', 'neq'], SCALAR, 'Equal, or not equal, of the same type. What is missing equals nothing.'),
  condition(['in', 'not_in'], z.array(SCALAR).min(1), 'The list to be in, or not.'),
  condition(['lt', 'lte', 'gt', 'gte'], z.number(), 'The bound, a number.'),
  condition(
    ['regex'],
    z.string().min(1).max(1000),
    'A pattern in RE2 syntax (no lookaround, no back references) that matches anywhere in the text; ^ and $ are its ends.',
  ),
  condition(['contains'], SCALAR, 'A part of the text, or an element of the list.'),
  condition(['exists'], z.boolean(), 'true: it is there; false: it is not. Under args. what was sent counts alone.'),
]);
export type Operator = z.infer<typeof CONDITION>['op'];
export const OPERATORS: readonly Operator[] = CONDITION.options.flatMap(({ shape }) => shape.op.options);

const WINDOW = z.enum(['minute', 'hour', 'day']);
export type Window = z.infer<typeof WINDOW>;

const LIMIT = z.strictObject({
  counter: z
    .string()
    .regex(/^[\w.-]{1,100}$/, 'must be letters, digits, "_", "." or "-", at most 100')
    .describe('The name of the counter; limits with one name and window share it.'),
  window: WINDOW.describe('How long a call counts.'),
  max: count,
  scope: z
    .enum(['global', 'session'])
    .optional()
    .describe('global (default): all servers on this data folder together; session: each client session by itself.'),
});

const limits = z.array(LIMIT).max(1000);

/** In seconds. A year: longer than any session. */
const SECONDS = z.number().int().min(1).max(31_536_000);

export const RATE_LIMIT = z.union([
  z
    .string()
    .regex(/^[1-9]\d{0,8}\/(minute|hour|day)$/, 'must be such as "5/hour" (minute, hour, day)')
    .describe('The short form: "5/hour", also with minute or day.'),
  z.strictObject({ max: count, window: SECONDS.describe('Seconds.') }),
]);

const RULES = z.strictObject({
  action: z
    .enum(['allow', 'deny', 'require_approval'])
    .optional()
    .describe(
      'allow (default); deny: the tool stays visible and every call is blocked; require_approval: a person decides.',
    ),
  reason: reason.optional().describe('Shown to the caller when this rule blocks.'),
  rate_limit: RATE_LIMIT.optional().describe(
    'Calls of one client session that pass in the time before now, whatever the wall clock says.',
  ),
  require: z.array(CONDITION).max(1000).optional().describe('All must hold.'),
  deny_if: z.array(CONDITION).max(1000).optional().describe('Any that holds denies the call.'),
  limits: limits.optional().describe('Named counters that a call takes, kept across servers and restarts.'),
});
export type RulesContent = z.infer<typeof RULES>;
export type Action = NonNullable<RulesContent['action']>;

export const POLICY = z
  .strictObject({
    $schema: z.string().optional().describe('For editors; not read.'),
    version: z.literal('1').describe('Version of the format; there is one.'),
    default: z.enum(['allow', 'deny']).describe('For tools that are not listed under tools.'),
    hide: z
      .array(z.string().min(1))
      .optional()
      .describe('Tools that are left out of the list, and denied when called all the same; "*" hides all.'),
    all_tools: z
      .strictObject({ limits: limits.optional().describe('Counters of every call together.') })
      .optional()
      .describe('For all tools, listed or not.'),
    tools: z
      .record(z.string().min(1), RULES.describe('What is said of one tool.'))
      .optional()
      .describe(
        'Rules of each tool by its name; {} allows it. "*" holds rules for all, and allows no tool that is not listed.',
      ),
  })
  .describe('Who may do what with Sidejob. Comments and trailing commas are allowed.');
export type PolicyFileContent = z.infer<typeof POLICY>;
export type ConditionContent = z.infer<typeof CONDITION>;
export type LimitContent = z.infer<typeof LIMIT>;

/** The JSON Schema of the format, as it is published. */
export function policyJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(POLICY, { io: 'input' });
  return { $schema, title: 'Sidejob policy', ...schema };
}

/** The valid keys at a place of the file, for errors that name the near one. */
export function keysAt(path: readonly PropertyKey[]): readonly string[] {
  const [last, before] = [path.at(-1), path.at(-2)];
  if (path.length === 0) return Object.keys(POLICY.shape);
  if (path.length === 1 && last === 'all_tools') return ['limits'];
  if (path.length === 2) return Object.keys(RULES.shape);
  if (last === 'rate_limit') return ['max', 'window'];
  return before === 'limits' ? Object.keys(LIMIT.shape) : ['path', 'op', 'value'];
}
