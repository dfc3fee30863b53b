// `sidejob policy`: checks the policy, explains what it says of a call, and begins one.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { resolvePaths } from '../config/paths.js';
import { SidejobError } from '../errors.js';
import { PolicyFile, type PolicyPlace, policyPlace } from '../policy/load.js';
import type { Command, CommandContext } from './context.js';
import { explainCall } from './explain-policy.js';
import { initPolicy } from './init-policy.js';

const USAGE = `  sidejob policy check [FILE]             whether it is valid; else the line that is not
  sidejob policy explain TOOL             what it says of a call, and the rule that says so
      [--args JSON] [--policy FILE] [--json]
  sidejob policy init NAME [--force]      begin with read-only, careful or open
`;

export const policyCommand: Command = async (argv, context) => {
  const { values, positionals } = parseArgs({
    args: argv,
    options: {
      args: { type: 'string', default: '{}' },
      policy: { type: 'string' },
      json: { type: 'boolean', default: false },
      force: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  });
  const [action, name, ...rest] = positionals;
  if (rest.length > 0) throw new SidejobError('bad_argument', `one at a time, not also ${rest.join(' ')}.`);
  switch (action) {
    case 'check':
      return check(context, placeOf(context, name ?? values.policy));
    case 'explain':
      if (name === undefined) throw new SidejobError('bad_argument', `which tool?\n${USAGE}`);
      return explainCall(context, placeOf(context, values.policy), name, values.args, values.json);
    case 'init':
      return initPolicy(context, name, values.force);
    default:
      throw new SidejobError('bad_argument', `${action ? `no "sidejob policy ${action}". ` : ''}There are:\n${USAGE}`);
  }
};

/** What a person names is found from the folder he is in; what a server is told must be absolute. */
function placeOf({ env }: CommandContext, named: string | undefined): PolicyPlace {
  return policyPlace(env, resolvePaths(env).home, named === undefined ? undefined : resolve(named));
}

async function check({ stdout, stderr }: CommandContext, place: PolicyPlace): Promise<number> {
  const { policy, broken } = await new PolicyFile(place).current();
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
