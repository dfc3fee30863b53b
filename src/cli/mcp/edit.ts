// What install and uninstall make of a configuration file's text. Pure: text goes in, text comes out.
import { stripComments } from 'jsonc-parser';
import type { Client } from './clients.js';
import { has, JsonTextError, set, unset, valueIn } from './jsonc.js';
import { type Fields, setTable, TomlTextError, unsetTable, valueAt } from './toml.js';

/** How a client is told to start a server. */
export type Entry = Readonly<Record<string, unknown>>;

const BYTE_ORDER_MARK = '\uFEFF';

/** What is done to the text of one client's file. Each throws what `textError` knows. */
export interface Editor {
  with(text: string | undefined, entry: Entry): string;
  without(text: string): string;
  /** The entry as it stands there; undefined if there is none. */
  entry(text: string): unknown;
}

/** The editor of a client's file, for the server `name`. */
export function editorOf({ key, format }: Pick<Client, 'key' | 'format'>, name: string): Editor {
  if (format === 'toml') {
    const path = [key, name];
    return {
      with: (text = '', entry) => keepingMark(text, (toml) => setTable(toml, path, entry as Fields)),
      without: (text) => keepingMark(text, (toml) => unsetTable(toml, path)),
      entry: (text) => valueAt(withoutMark(text), path),
    };
  }
  return {
    with: (text, entry) => withServer(text, key, name, entry),
    without: (text) => withoutServer(text, key, name),
    entry: (text) => (text.trim() === '' ? undefined : valueIn(withoutMark(text), [key, name])),
  };
}

/** What is wrong with a text, with its line; undefined for any other error. */
export function textError(error: unknown): string | undefined {
  return error instanceof JsonTextError || error instanceof TomlTextError ? error.message : undefined;
}

/**
 * The text with `entry` as `key`.`name`. What a person added to an entry of ours (`env`, say) stays. The same text if
 * the entry is there already; a new document if there is no text.
 * @throws JsonTextError that names the line.
 */
export function withServer(text: string | undefined, key: string, name: string, entry: Entry): string {
  if (text === undefined || text.trim() === '') return `${JSON.stringify({ [key]: { [name]: entry } }, null, 2)}\n`;
  return keepingMark(text, (json) => {
    if (!has(json, [key, name])) return set(json, [key, name], entry);
    return fieldsOf(entry).reduce((changed, [path, value]) => set(changed, [key, name, ...path], value), json);
  });
}

/**
 * The text without `key`.`name`; the same text if it is not there.
 * @throws JsonTextError that names the line.
 */
export function withoutServer(text: string, key: string, name: string): string {
  return text.trim() === '' ? text : keepingMark(text, (json) => unset(json, [key, name]));
}

/** Whether a client can read its text, whatever of JSON's extensions a person has put there, as far as is known. */
export function canRead({ format, takes }: Pick<Client, 'format' | 'takes'>, text: string): boolean {
  if (format === 'toml' || takes === 'comments and trailing commas') return true;
  try {
    JSON.parse(takes === 'comments' ? stripComments(withoutMark(text)) : withoutMark(text));
    return true;
  } catch {
    return false;
  }
}

// Windows editors put the mark before the text; to the parser it is a wrong symbol.
function keepingMark(text: string, edit: (json: string) => string): string {
  return text.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK + edit(text.slice(1)) : edit(text);
}

function withoutMark(text: string): string {
  return text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
}

/** An entry's fields; those of `env` one by one, because others in it are a person's own. */
function fieldsOf({ env, ...fields }: Entry): [string[], unknown][] {
  const variables = typeof env === 'object' && env !== null ? Object.entries(env) : [];
  return [
    ...Object.entries(fields).map(([field, value]): [string[], unknown] => [[field], value]),
    ...variables.map(([name, value]): [string[], unknown] => [['env', name], value]),
  ];
}
