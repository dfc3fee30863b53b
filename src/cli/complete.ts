// What may stand at the cursor, asked by the scripts of completion.ts: `sidejob __complete WORD...`, the last word being
// the one that is typed. Prints a line for each: the word, a tab, what it is; or `:files`, `:folders` for the shell's own.
import { lstat } from 'node:fs/promises';
import { loadConfig } from '../config/config.js';
import { resolvePaths } from '../config/paths.js';
import { ago } from '../jobs/figures.js';
import { oneLine } from '../providers/json.js';
import { PROVIDERS } from '../providers/registry.js';
import { listApprovals } from '../store/approvals.js';
import { type ListFilter, listJobs } from '../store/list.js';
import { Store } from '../store/store.js';
import { COMMANDS, type Entry, entryOf } from './commands.js';
import type { Command, CommandContext, Option, Options } from './context.js';

/** A word, and what it is. */
type Candidate = readonly [string, string];

const JOBS = 100;
/** Which jobs a command is for; those of the others may be any. */
const WHICH: Record<string, ListFilter['filter']> = {
  ...{ cancel: 'active', wait: 'active', continue: 'ended', retry: 'ended', open: 'ended', apply: 'ended' },
};

/** Never fails: somebody is typing. */
export const completeCommand: Command = async (argv, context) => {
  const current = argv.at(-1) ?? '';
  const found = await candidates(argv.slice(0, -1), current, context.env).catch((): Candidate[] => []);
  const fitting = found.filter(([word]) => word.startsWith(':') || word.startsWith(current));
  for (const [word, about] of fitting) context.stdout(`${[word, oneLine(about, 60)].filter(Boolean).join('\t')}\n`);
  return 0;
};

async function candidates([name, ...before]: string[], current: string, env: Env): Promise<Candidate[]> {
  const commands = COMMANDS.map((entry): Candidate => [entry.name, entry.about]);
  if (name === undefined) return [...commands, ['help', 'what there is to call'], ['version', 'of Sidejob']];
  if (name === 'help') return before.length === 0 ? commands : [];
  const entry = entryOf(name);
  if (!entry) return [];
  const { options = {} } = await entry.load();
  const last = before.at(-1) ?? '';
  const [open] = optionsOf(options).filter(([word, option]) => word === last && option.type === 'string');
  if (open) return valuesOf(open[1], env);
  if (current.startsWith('-')) {
    return optionsOf(options).flatMap(([word, { about }]): Candidate[] =>
      word.startsWith('--') ? [[word, about]] : [],
    );
  }
  return wordsOf(
    entry,
    before.filter((word) => !word.startsWith('-')),
    env,
  );
}

type Env = CommandContext['env'];

/** Each option by its name, and by its letter. */
function optionsOf(options: Options): [string, Option][] {
  return Object.entries(options).flatMap(([name, option]): [string, Option][] => [
    [`--${name}`, option],
    ...(option.short ? [[`-${option.short}`, option] as [string, Option]] : []),
  ]);
}

async function valuesOf({ of: kind }: Option, env: Env): Promise<Candidate[]> {
  if (kind === undefined) return [];
  if (kind === 'file') return [[':files', '']];
  if (kind === 'folder') return [[':folders', '']];
  return kind === 'provider' ? providers(env) : kind.map((word) => [word, '']);
}

async function wordsOf({ name, words }: Entry, before: readonly string[], env: Env): Promise<Candidate[]> {
  if (words === 'job') return (await jobs(env, WHICH[name] ?? 'any')).filter(([id]) => !before.includes(id));
  if (words === 'approval') return approvals(env);
  if (words === 'client') return clients(before);
  if (words === 'file') return [[':files', '']];
  return before.length === 0 ? (words ?? []).map((word) => [word, '']) : [];
}

async function providers(env: Env): Promise<Candidate[]> {
  const config = await loadConfig(resolvePaths(env).config, env).catch(() => undefined);
  const own = Object.keys(config?.providers ?? {}).filter((name) => PROVIDERS.every((each) => each.name !== name));
  const panels = Object.entries(config?.panels ?? {});
  return [
    ...PROVIDERS.map(({ name, title }): Candidate => [name, title]),
    ...own.map((name): Candidate => [name, '']),
    ...panels.map(([name, members]): Candidate => [name, members.join(', ')]),
  ];
}

async function clients(before: readonly string[]): Promise<Candidate[]> {
  const { CLIENTS, EDITED } = await import('./mcp/clients.js');
  if (before.length === 0) return ['install', 'uninstall', 'print'].map((word) => [word, '']);
  return before.length === 1 ? (before[0] === 'print' ? CLIENTS : EDITED).map(({ name, title }) => [name, title]) : [];
}

function jobs(env: Env, filter: ListFilter['filter']): Promise<Candidate[]> {
  return inStore(env, (store) =>
    listJobs(store, { filter, project: null, limit: JOBS }).map(({ id, status, createdAt, label }) => [
      id,
      [`${status}, ${ago(createdAt, Date.now())} ago`, label].filter(Boolean).join(', '),
    ]),
  );
}

function approvals(env: Env): Promise<Candidate[]> {
  return inStore(env, (store) => listApprovals(store, 'pending', Date.now()).map(({ id, tool }) => [id, tool]));
}

/** Looks into the store as it is: nothing is settled, and none is made. */
async function inStore(env: Env, look: (store: Store) => Candidate[]): Promise<Candidate[]> {
  const paths = resolvePaths(env);
  if (!(await lstat(paths.store).catch(() => undefined))) return [];
  const store = await Store.open(paths.store, paths.bell);
  try {
    return look(store);
  } finally {
    store.close();
  }
}
