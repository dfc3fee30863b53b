// What install and uninstall make of a configuration file's text. Pure: text goes in, text comes out.
import { has, set, unset } from './jsonc.js';

/** How a client is told to start a server. */
export type Entry = Readonly<Record<string, unknown>>;

const BYTE_ORDER_MARK = '\uFEFF';

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

/** Whether a reader that knows no comments and no trailing commas can read the text too. */
export function isStrictJson(text: string): boolean {
  try {
    JSON.parse(text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text);
    return true;
  } catch {
    return false;
  }
}

// Windows editors put the mark before the text; to the parser it is a wrong symbol.
function keepingMark(text: string, edit: (json: string) => string): string {
  return text.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK + edit(text.slice(1)) : edit(text);
}

/** An entry's fields; those of `env` one by one, because others in it are a person's own. */
function fieldsOf({ env, ...fields }: Entry): [string[], unknown][] {
  const variables = typeof env === 'object' && env !== null ? Object.entries(env) : [];
  return [
    ...Object.entries(fields).map(([field, value]): [string[], unknown] => [[field], value]),
    ...variables.map(([name, value]): [string[], unknown] => [['env', name], value]),
  ];
}
