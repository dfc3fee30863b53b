// What of Claude Code's settings files a `read-only` job keeps. It runs with --restricted, which ignores them all: their
// allow rules, their hooks, and a folder's `env` that runs programs. Logins and denials are to hold all the same. Seen
// with Claude Code 2.1.328.
import { array, isObject, type Json, object } from './json.js';
import type { UserFile } from './provider.js';

export const SETTINGS_FILES: readonly UserFile[] = [
  {
    name: 'user',
    below: 'home',
    file: '.claude/settings.json',
    movedBy: { env: 'CLAUDE_CONFIG_DIR', file: 'settings.json' },
  },
  { name: 'project', below: 'cwd', file: '.claude/settings.json' },
  { name: 'local', below: 'cwd', file: '.claude/settings.local.json' },
];

/** The user's own keys that decide who pays, and for which model. */
const LOGIN_KEYS = [
  'apiKeyHelper',
  'awsAuthRefresh',
  'awsCredentialExport',
  'gcpAuthRefresh',
  'forceLoginMethod',
  'forceLoginOrgUUID',
  'model',
];

/**
 * The settings for --settings, and the variables of the user's `env`: not in the settings, because everybody can see
 * a command line. Of a folder's files only what denies is kept.
 * @throws Error for a file that is not JSON: what it denies would be lost
 */
export function keptSettings(files: Readonly<Record<string, string>>): { settings: Json; env: Record<string, string> } {
  const all = SETTINGS_FILES.map(({ name, file }) => parse(file, files[name]));
  const [user = {}] = all;
  const rules = (kind: string) => all.flatMap((settings) => array(object(settings, 'permissions'), kind));
  const login = LOGIN_KEYS.filter((key) => user[key] !== undefined).map((key) => [key, user[key]]);
  const env = Object.entries(object(user, 'env')).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return {
    settings: { ...Object.fromEntries(login), permissions: { deny: rules('deny'), ask: rules('ask') } },
    env: Object.fromEntries(env),
  };
}

/** What the folder's own files deny, for a job that may edit there and obeys them in nothing else. */
export function folderDenials(files: Readonly<Record<string, string>>): Json {
  const { user: _, ...folder } = files;
  return { permissions: keptSettings(folder).settings.permissions };
}

function parse(file: string, text: string | undefined): Json {
  if (text === undefined || text.trim() === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Told below, as what is JSON and no object.
  }
  if (!isObject(value)) throw new Error(`${file} is not valid JSON, so what it denies cannot be kept.`);
  return value;
}
