// `sidejob providers`: the CLIs there are, recipes for more of them, and a trial.
import { parseArgs } from 'node:util';
import { SidejobError } from '../errors.js';
import type { Command, CommandContext } from './context.js';
import { addRecipe, listRecipes } from './recipes.js';
import { tryProvider } from './try-provider.js';
import { withJobs } from './with-jobs.js';

const USAGE = `  sidejob providers [--json]            the CLIs there are, their logins and what is wrong
  sidejob providers add [NAME]          enter a recipe in the configuration; without NAME: the recipes there are
  sidejob providers test NAME [PROMPT]  run one prompt through it: command line, events, answer
`;

export const providersCommand: Command = async (argv, context) => {
  const { values, positionals } = parseArgs({
    args: argv,
    options: { json: { type: 'boolean' }, 'dry-run': { type: 'boolean' }, model: { type: 'string' } },
    allowPositionals: true,
  });
  const [action, name, ...rest] = positionals;
  switch (action) {
    case undefined:
      return listProviders(context, values.json ?? false);
    case 'add':
      if (rest.length > 0) throw new SidejobError('bad_argument', 'one recipe at a time.');
      return name === undefined ? listRecipes(context) : addRecipe(context, name, values['dry-run'] ?? false);
    case 'test':
      if (name === undefined) throw new SidejobError('bad_argument', 'which provider? "sidejob providers" lists them.');
      return tryProvider(context, name, rest.join(' ') || undefined, values.model);
    default:
      throw new SidejobError('bad_argument', `no "sidejob providers ${action}". There are:\n${USAGE}`);
  }
};

async function listProviders(context: CommandContext, json: boolean): Promise<number> {
  const { describeProviders } = await import('../jobs/providers.js');
  const views = await withJobs(context, (engine) => describeProviders(engine, engine.providers));
  if (json) {
    context.stdout(`${JSON.stringify(views, null, 2)}\n`);
    return 0;
  }
  const width = Math.max(...views.map(({ name }) => name.length));
  for (const { name, status, title, path, login, remedy } of views) {
    const facts = [title, path, login && `login: ${login}`, remedy].filter(Boolean).join(', ');
    context.stdout(`${name.padEnd(width)}  ${status.replaceAll('_', ' ').padEnd(13)}  ${facts}\n`);
  }
  return 0;
}
