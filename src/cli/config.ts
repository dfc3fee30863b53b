// `sidejob config`: what is in force and why; the file, its template, its schema, and an editor on it.
import { access } from 'node:fs/promises';
import type { Config } from '../config/config.js';
import { nearest } from '../config/nearest.js';
import { type Paths, resolvePaths } from '../config/paths.js';
import { variableOf } from '../config/settings.js';
import { SidejobError } from '../errors.js';
import { checkedConfig } from '../jobs/checked-config.js';
import { visible } from '../output/printable.js';
import { Secrets } from '../output/secrets/secrets.js';
import { PROVIDERS } from '../providers/registry.js';
import type { CommandContext } from './context.js';
import { command, JSON_OPTION } from './options.js';
import { columnsOf, table } from './terminal.js';

const MASKED = '***';
const ACTIONS = ['show', 'path', 'edit', 'schema', 'template'];

const NOTES = `show      every setting with its value and where it comes from; without a word it is this
edit      config.toml in your editor
path      where that file is
template  one with every setting, commented
schema    its JSON Schema, for editors`;

export const configCommand = command(
  { options: { json: JSON_OPTION }, words: true, notes: NOTES },
  async ({ values, positionals }, context) => {
    const [action = 'show', ...more] = positionals;
    if (more.length > 0) throw new SidejobError('bad_argument', `"sidejob config ${action}" takes no argument.`);
    const paths = resolvePaths(context.env);
    switch (action) {
      case 'show':
        return show(context, paths, values.json ?? false);
      case 'path':
        context.stdout(`${paths.config}\n`);
        return 0;
      case 'edit':
        return edit(context, paths);
      case 'schema':
        context.stdout((await import('../config/template.js')).configSchemaText());
        return 0;
      case 'template':
        context.stdout((await import('../config/template.js')).configTemplate());
        return 0;
      default: {
        const near = nearest(action, ACTIONS);
        const todo = near ? `${near}?` : `There are ${ACTIONS.join(', ')}.`;
        throw new SidejobError('bad_argument', `no "sidejob config ${action}".`, todo);
      }
    }
  },
);

async function show({ env, stdout }: CommandContext, paths: Paths, json: boolean): Promise<number> {
  const { config } = await checkedConfig(paths.config, env, PROVIDERS);
  const exists = await access(paths.config).then(
    () => true,
    () => false,
  );
  const tables = await shownTables(config, env);
  if (json) {
    const settings = Object.entries(config.settings).map(([name, value]) => [
      name,
      { value, origin: config.origins[name as keyof typeof config.origins], variable: variableOf(name) },
    ]);
    const shown = { file: paths.config, exists, settings: Object.fromEntries(settings), tables };
    stdout(`${JSON.stringify(shown, null, 2)}\n`);
    return 0;
  }
  stdout(`${paths.config}${exists ? '' : ' (not there: "sidejob config edit" makes it)'}\n\n`);
  const rows = Object.entries(config.settings).map(([name, value]) => {
    const origin = config.origins[name as keyof typeof config.origins];
    return [name, JSON.stringify(value), origin === paths.config ? config.placeOf([name]) : origin] as const;
  });
  stdout(table(rows, { columns: columnsOf() }));
  for (const [name, values] of Object.entries(tables)) {
    for (const [path, value] of leaves([name], values)) {
      stdout(visible(`${path.join('.')} = ${JSON.stringify(value)}  ${config.placeOf(path)}\n`));
    }
  }
  return 0;
}

/** The tables that are not empty. What CLIs get as variables may be keys: their names alone are shown. */
async function shownTables({ wait, onFinish, env: rules, providers, panels }: Config, env: NodeJS.ProcessEnv) {
  const given = {
    wait,
    panels,
    ...((onFinish.command || onFinish.notify) && { on_finish: onFinish }),
    env: withoutValues(rules),
    providers: Object.fromEntries(
      Object.entries(providers).map(([name, { env: own, accessEnv, ...rest }]) => {
        const levels = Object.entries(accessEnv ?? {}).map(([level, set]) => [level, masked(set)]);
        return [
          name,
          {
            ...rest,
            ...(own && { env: withoutValues(own) }),
            ...(accessEnv && { accessEnv: Object.fromEntries(levels) }),
          },
        ];
      }),
    ),
  };
  const filled = Object.fromEntries(Object.entries(given).filter(([, table]) => Object.keys(table ?? {}).length > 0));
  // Keys may stand in arguments, too; and this output is what people paste into reports.
  return new Secrets(env).maskAll(filled);
}

function withoutValues<T extends Config['env']>(rules: T): T {
  return { ...rules, ...(rules.set && { set: masked(rules.set) }) };
}

function masked(set: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.keys(set).map((name) => [name, MASKED]));
}

/** Every value of a table with its path; lists are values. */
function leaves(path: readonly string[], value: unknown): [readonly string[], unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [[path, value]];
  return Object.entries(value).flatMap(([key, inner]) => leaves([...path, key], inner));
}

async function edit(context: CommandContext, paths: Paths): Promise<number> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) {
    throw new SidejobError('bad_argument', 'an editor needs a terminal.', `Run it in one, or edit ${paths.config}.`);
  }
  const { editConfig } = await import('../jobs/edit-config.js');
  for (;;) {
    const { config: file } = await editConfig(paths, context.env);
    try {
      await checkedConfig(file, context.env, PROVIDERS);
      context.stdout(`${file} is valid. Servers that run already take it over after a restart of their client.\n`);
      return 0;
    } catch (error) {
      if (!(error instanceof SidejobError)) throw error;
      context.stderr(`${visible(error.line)}\n`);
      const answer = await context.ask?.('Until it is mended, no server takes a job. Edit again? [y/N] ');
      if (!/^\s*y/i.test(answer ?? '')) return 1;
    }
  }
}
