// `sidejob providers`: the CLIs there are, recipes for more of them, and a trial.
import { resolve } from 'node:path';
import { SidejobError } from '../errors.js';
import { ACCESS_LEVELS, EFFORT_LEVELS } from '../providers/provider.js';
import type { CommandContext } from './context.js';
import { forPerson } from './for-person.js';
import { command, JSON_OPTION, oneOf } from './options.js';
import { addRecipe, listRecipes } from './recipes.js';
import { columnsOf, table } from './terminal.js';
import { tryProvider } from './try-provider.js';
import { withJobs } from './with-jobs.js';

const USAGE = `  sidejob providers [--json]            the CLIs there are, their logins and what is wrong
  sidejob providers add [NAME]          enter a recipe in the configuration (--dry-run: only show it); without NAME: the
                                        recipes there are
  sidejob providers test NAME [PROMPT]  run one prompt through it: command line, events, answer
      [--model M] [--access LEVEL] [--effort E] [--system TEXT] [--cwd DIR] [--continue ID]
`;

const options = {
  json: JSON_OPTION,
  'dry-run': { type: 'boolean', about: 'with add: only show it' },
  model: { type: 'string', value: 'NAME', about: 'with test, as all that follow' },
  access: { type: 'string', value: 'LEVEL', of: ACCESS_LEVELS, about: ACCESS_LEVELS.join(', ') },
  effort: { type: 'string', value: 'LEVEL', of: EFFORT_LEVELS, about: EFFORT_LEVELS.join(', ') },
  system: { type: 'string', value: 'TEXT', about: 'a system prompt' },
  cwd: { type: 'string', value: 'DIR', of: 'folder', about: 'where it works; an empty folder if not said' },
  continue: { type: 'string', value: 'ID', about: 'go on with the conversation of a job' },
} as const;

export const providersCommand = command(
  { options, words: true, notes: USAGE },
  async ({ values, positionals }, context) => {
    const [action, name, ...rest] = positionals;
    switch (action) {
      case undefined:
        return listProviders(context, values.json ?? false);
      case 'add':
        if (rest.length > 0) throw new SidejobError('bad_argument', 'one recipe at a time.');
        if (name === undefined) return listRecipes(context, values.json ?? false);
        return addRecipe(context, name, { dryRun: values['dry-run'] ?? false, json: values.json ?? false });
      case 'test': {
        if (values.json) {
          const todo = `"sidejob run -p ${name ?? 'NAME'} --json" asks one.`;
          throw new SidejobError('bad_argument', 'a trial is for a person to read; it has no --json.', todo);
        }
        if (name === undefined)
          throw new SidejobError('bad_argument', 'which provider? "sidejob providers" lists them.');
        const { model, access, effort, system, cwd, continue: continueJob } = values;
        const trial = {
          ...{
            prompt: rest.join(' ') || undefined,
            model,
            systemPrompt: system,
            cwd: cwd && resolve(cwd),
            continueJob,
          },
          ...{ access: oneOf('access', ACCESS_LEVELS, access), effort: oneOf('effort', EFFORT_LEVELS, effort) },
        };
        return tryProvider(context, name, Object.fromEntries(Object.entries(trial).filter(([, value]) => value)));
      }
      default:
        throw new SidejobError('bad_argument', `no "sidejob providers ${action}". There are:\n${USAGE}`);
    }
  },
);

async function listProviders(context: CommandContext, json: boolean): Promise<number> {
  const { describeProviders } = await import('../jobs/providers.js');
  const { views, panels } = await withJobs(context, async (engine) => ({
    views: await describeProviders(engine, engine.providers),
    panels: Object.entries(engine.config.panels),
  }));
  if (json) {
    context.stdout(`${JSON.stringify(views, null, 2)}\n`);
    return 0;
  }
  const rows = views.map(({ name, status, title, path, login, remedy }) => [
    name,
    status.replaceAll('_', ' '),
    // What is to be done first: the end of a line may be cut.
    [title, remedy && forPerson(remedy), path, login && `login: ${login}`].filter(Boolean).join(', '),
  ]);
  context.stdout(table(rows, { columns: columnsOf() }));
  if (panels.length > 0) context.stdout('\nPanels, asked together with "sidejob run -p NAME":\n');
  context.stdout(
    table(
      panels.map(([name, members]) => [name, members.join(', ')]),
      { columns: columnsOf() },
    ),
  );
  return 0;
}
