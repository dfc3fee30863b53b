// From the text of a policy file to a policy. Whatever is unknown, doubled or of the wrong type is an error: a rule that
// is not understood must not become one that does not count.
import {
  type ConditionContent,
  type LimitContent,
  POLICY,
  type PolicyFileContent,
  type RulesContent,
  type Window,
} from './dialect.js';
import { mistake } from './mistakes.js';
import { type Condition, type Limit, type Policy, type RateLimit, type Rules, WINDOW_SEC } from './policy.js';
import { compilePattern, PatternError, type TextTest } from './regex.js';
import { isFactName } from './request.js';
import { bad, contentOf, nameOf, type Path, placeOf, readSource, type Source } from './source.js';
import { impossible, warningsOf } from './warnings.js';

/**
 * Reads a policy.
 * @param text JSON; comments and trailing commas are allowed
 * @param file its name, for errors
 * @throws SidejobError `bad_policy` that names the file and line, the key and the nearest valid word
 */
export async function parsePolicy(text: string, file: string): Promise<Policy> {
  const source = await readSource(text, file);
  const value = contentOf(source);
  const parsed = POLICY.safeParse(value);
  if (!parsed.success) throw mistake(source, value, parsed.error.issues);
  return build(source, parsed.data);
}

/** The policy of a valid file. Throws where a pattern does not compile, or a condition could never hold. */
async function build(source: Source, content: PolicyFileContent): Promise<Policy> {
  const tools = new Map<string, Rules>();
  for (const [name, rules] of Object.entries(content.tools ?? {})) {
    const path = ['tools', name];
    const { action = 'allow', reason } = rules;
    tools.set(name, {
      ...{ rule: nameOf(path), action, reason },
      rateLimit: rules.rate_limit === undefined ? undefined : rateOf([...path, 'rate_limit'], rules.rate_limit, reason),
      require: await conditions(source, [...path, 'require'], rules.require),
      denyIf: await conditions(source, [...path, 'deny_if'], rules.deny_if),
      limits: limitsOf([...path, 'limits'], rules.limits, reason),
    });
  }
  const policy = {
    ...{ file: source.file, default: content.default, hide: new Set(content.hide), tools },
    limits: limitsOf(['all_tools', 'limits'], content.all_tools?.limits),
  };
  return { ...policy, warnings: warningsOf(policy) };
}

function conditions(source: Source, path: Path, given: readonly ConditionContent[] = []): Promise<Condition[]> {
  return Promise.all(
    given.map(async (each, index) => {
      const here = [...path, index];
      const condition = { ...each, rule: nameOf(here), path: each.path.split('.') };
      const wrong = isFactName(each.path) ? impossible(each.path, each) : undefined;
      if (wrong) throw bad(placeOf(source, [...here, 'value']), `${nameOf(here)}: ${wrong}`);
      return each.op === 'regex'
        ? { ...condition, matches: await pattern(source, here, String(each.value)) }
        : condition;
    }),
  );
}

async function pattern(source: Source, path: Path, text: string): Promise<TextTest> {
  try {
    return await compilePattern(text);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    throw bad(placeOf(source, [...path, 'value']), `${nameOf(path)}: the pattern cannot be used: ${error.message}`);
  }
}

function rateOf(path: Path, given: NonNullable<RulesContent['rate_limit']>, reason?: string): RateLimit {
  const rule = nameOf(path);
  const where = { rule, key: rule, reason };
  if (typeof given !== 'string') return { ...where, max: given.max, windowSec: given.window };
  const [max, window] = given.split('/') as [string, Window];
  return { ...where, max: Number(max), windowSec: WINDOW_SEC[window] };
}

function limitsOf(path: Path, given: readonly LimitContent[] = [], reason?: string): Limit[] {
  return given.map((each, index) => ({ scope: 'global', ...each, rule: nameOf([...path, index]), reason }));
}
