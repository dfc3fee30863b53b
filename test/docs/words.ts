// What the pages may name: commands with their options, keys, paths. Each function says what is wrong, or undefined.
import { existsSync, globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { COMMANDS, entryOf } from '../../src/cli/commands.js';
import { parseOrder } from '../../src/cli/mcp/arguments.js';
import { configJsonSchema } from '../../src/config/json-schema.js';
import { messageOf } from '../../src/errors.js';
import { VERDICT_SCHEMA } from '../../src/jobs/judge/schema.js';
import { TOOLS } from '../../src/mcp/registry.js';
import { policyJsonSchema } from '../../src/policy/dialect.js';
import { FACT_NAMES } from '../../src/policy/request.js';
import { ROOT } from './pages.js';

/** Of other programs, and of the protocol. */
const FOREIGN_WORDS = [
  ...['acceptEdits', 'apiKeyHelper', 'bypassPermissions', 'mcpServers'],
  ...['isError', 'maxLength', 'pollIntervalMs', 'readOnlyHint', 'resourceSubscriptions', 'statusMessage'],
  ...['structuredContent', 'taskId', 'ttlMs', 'default_tools_approval_mode', 'tool_timeout_sec', 'mcp_servers'],
];

/** Files that others keep, that are made when they are needed, or that stand in the data folder or a user's project. */
const FOREIGN_PATHS = [
  ...['claude_desktop_config.json', 'Code/User/mcp.json', '.git/config', '.vscode/tasks.json'],
  ...[
    'config.toml',
    'policy.json',
    'jobs/',
    'jobs/ID/',
    'scratch/',
    'worktrees/',
    'release/',
    'dist/',
    'dist/sidejob.js',
  ],
  ...['.conformance/', '.real-clis/', '.release-tools/'],
];

/** Words of `sidejob` itself, without a command. */
const OWN_OPTIONS = { policy: { type: 'string' }, version: { type: 'boolean' }, help: { type: 'boolean' } } as const;

/** The words of a shell's line, up to what is no more of this command. */
function words(line: string): string[] {
  const [own = ''] = line.split(/ (?:[|&;<>]|#)|\)"/);
  const all = own.match(/"[^"]*"|'[^']*'|\[|\]|[^\s[\]]+/g) ?? [];
  return all.filter((word) => word !== '[' && word !== ']' && word !== '…').map((word) => word.replace(/\.\.\.$/, ''));
}

/** @param line what follows `sidejob`: `wait ID --any` */
export async function commandProblem(line: string): Promise<string | undefined> {
  const [name = '', ...args] = words(line);
  try {
    if (name === 'COMMAND' || name === '') return undefined;
    if (name.startsWith('-')) return void parseArgs({ args: [name, ...args], options: OWN_OPTIONS });
    if (name === 'help') return args.every((word) => word === 'COMMAND' || entryOf(word)) ? undefined : 'no such help';
    const entry = entryOf(name);
    if (!entry) return `no command ${name}`;
    if (name === 'mcp') return mcpProblem(args);
    const { options = {} } = await entry.load();
    const help = { help: { type: 'boolean', short: 'h' } } as const;
    // An option may be named without its value, at the end.
    const last = options[args.at(-1)?.replace(/^--/, '') ?? ''];
    const given = last?.type === 'string' ? [...args, 'VALUE'] : args;
    const { positionals } = parseArgs({ args: given, options: { ...options, ...help }, allowPositionals: true });
    return actionProblem(entry.words, positionals[0]);
  } catch (error) {
    return messageOf(error);
  }
}

function actionProblem(known: readonly string[] | string | undefined, action: string | undefined) {
  if (!Array.isArray(known) || action === undefined) return undefined;
  return action.split('|').every((word) => known.includes(word)) ? undefined : `no "${action}" in it`;
}

/** Placeholders stand for a client that can be edited. */
function mcpProblem(args: string[]): undefined {
  const [verbs = 'print', client = 'cursor', ...rest] = args;
  const name = /^[A-Z]+$/.test(client) ? 'cursor' : client;
  for (const verb of verbs.split('|')) parseOrder([verb, name, ...rest]);
}

/** Every long option of any command. */
export async function allOptions(): Promise<Set<string>> {
  const loaded = await Promise.all(COMMANDS.map((entry) => entry.load()));
  const own = ['help', 'version', 'dry-run', 'file'];
  return new Set([...own, ...loaded.flatMap(({ options = {} }) => Object.keys(options))].map((name) => `--${name}`));
}

/** The names of all properties in a JSON Schema, however deep. */
function propertiesIn(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const { properties } = schema as { properties?: object };
  return [...Object.keys(properties ?? {}), ...Object.values(schema).flatMap(propertiesIn)];
}

/** The keys of the configuration, of policies, of tools' arguments and replies. */
export function knownKeys(): Set<string> {
  const tools = TOOLS.flatMap(({ input, output }) => (output ? [input, output] : [input]));
  const schemas = [
    configJsonSchema(),
    policyJsonSchema(),
    VERDICT_SCHEMA,
    ...tools.map((each) => z.toJSONSchema(each, { io: 'input' })),
  ];
  return new Set([...schemas.flatMap(propertiesIn), ...FACT_NAMES, ...FOREIGN_WORDS]);
}

const NAMES_A_FILE = /^[\w.-]+(\/[\w.-]+)*\.(ts|mjs|js|md|json|sh|toml|yml|svg|png)$|^(\.?[\w-]+\/)+$/;
const IN_THE_REPOSITORY =
  /^(src|test|docs|scripts|plugin|schemas|recipes|policies|stances|bench|skills|\.ci|\.github)\//;

/** Whether a span of code names a file or folder that should be in the repository. */
export const namesPath = (code: string): boolean =>
  !FOREIGN_PATHS.includes(code) && (NAMES_A_FILE.test(code) || (IN_THE_REPOSITORY.test(code) && !/\s/.test(code)));

/** From the root, from src/, from the page's own folder, or a name that stands in one place alone; NAME is any. */
export function pathIsThere(page: string, code: string): boolean {
  const pattern = code.replaceAll('NAME', '*');
  const folders = ['.', 'src', 'src/providers', 'src/process', 'src/cli/mcp', '.github/workflows', dirname(page)];
  return folders.some((folder) =>
    pattern === code ? existsSync(join(ROOT, folder, code)) : globSync(join(ROOT, folder, pattern)).length > 0,
  );
}

export const FOREIGN = { words: FOREIGN_WORDS, paths: FOREIGN_PATHS };
