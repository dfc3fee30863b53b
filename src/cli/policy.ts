// `sidejob policy`: checks the policy, explains what it says of a call, and begins one.
import { resolve } from 'node:path';
import { resolvePaths } from '../config/paths.js';
import { SidejobError } from '../errors.js';
import { PolicyFile, type PolicyPlace, policyPlace } from '../policy/load.js';
import type { CommandContext } from './context.js';
import { explainCall } from './explain-policy.js';
import { initPolicy } from './init-policy.js';
import { command, JSON_OPTION } from './options.js';

const USAGE = `  sidejob policy check [FILE] [--json]    whether it is valid; else the line that is not
  sidejob policy explain TOOL             what it says of a call, and the rule that says so
      [--args JSON] [--policy FILE] [--json]
  sidejob policy init NAME [--force] [--json]
                                          begin with read-only, careful or open
`;

const options = {
  args: { type: 'string', value: 'JSON', about: 'with explain: the arguments of the call' },
  policy: { type: 'string', value: 'FILE', of: 'file', about: 'another policy than the one that counts' },
  json: JSON_OPTION,
  force: { type: 'boolean', about: 'with init: in place of the one there is' },
} as const;

export const policyCommand = command(
  { options, words: true, notes: USAGE },
  async ({ values, positionals }, context) => {
    const [action, name, ...rest] = positionals;
    if (rest.length > 0) throw new SidejobError('bad_argument', `one at a time, not also ${rest.join(' ')}.`);
    switch (action) {
      case 'check':
        return check(context, placeOf(context, name ?? values.policy), values.json ?? false);
      case 'explain':
        if (name === undefined) throw new SidejobError('bad_argument', `which tool?\n${USAGE}`);
        return explainCall(context, placeOf(context, values.policy), name, values.args ?? '{}', values.json ?? false);
      case 'init':
        return initPolicy(context, name, values.force ?? false, values.json ?? false);
      default:
        throw new SidejobError(
          'bad_argument',
          `${action ? `no "sidejob policy ${action}". ` : ''}There are:\n${USAGE}`,
        );
    }
  },
);

/** What a person names is found from the folder he is in; what a server is told must be absolute. */
function placeOf({ env }: CommandContext, named: string | undefined): PolicyPlace {
  return policyPlace(env, resolvePaths(env).home, named === undefined ? undefined : resolve(named));
}

async function check({ stdout, stderr }: CommandContext, place: PolicyPlace, json: boolean): Promise<number> {
  const { policy, broken } = await new PolicyFile(place).current();
  if (json) {
    const found = {
      ...{ file: place.file, exists: policy !== undefined || broken !== undefined, valid: !broken },
      ...(broken && { error: broken.message }),
      ...(policy && { default: policy.default, tools: [...policy.tools.keys()], warnings: policy.warnings }),
    };
    stdout(`${JSON.stringify(found, null, 2)}\n`);
    return broken ? 1 : 0;
  }
  if (broken) {
    stderr(`${broken.message}\nA server with this policy denies every call.\n`);
    return 1;
  }
  if (!policy) {
    stdout(`There is no ${place.file}: everything is allowed. "sidejob policy init careful" begins one.\n`);
    return 0;
  }
  const listed = [...policy.tools.keys()].filter((name) => name !== '*').length;
  const rest = policy.default === 'deny' ? 'every other is denied' : 'every other is allowed';
  stdout(`${place.file} is valid: ${listed} ${listed === 1 ? 'tool is' : 'tools are'} listed, ${rest}.\n`);
  for (const warning of policy.warnings) stdout(`warning: ${warning}\n`);
  return 0;
}
