// The table of all settings, as docs/configuration.md shows it between its two marks.
import { SETTINGS, type SettingName, variableOf } from '../src/config/settings.js';
import { rangeOf, toml } from '../src/config/template.js';

export const BEGIN = '<!-- settings: made by "npm run schemas" -->';
export const END = '<!-- end of settings -->';

/** The table with its marks. */
export function settingsTable(): string {
  const rows = Object.entries(SETTINGS).map(([name, { about, initial }]) => {
    const accepts = rangeOf(name as SettingName).replaceAll('"', '`');
    return `| \`${name}\` | \`${variableOf(name)}\` | \`${toml(initial)}\` | ${accepts} | ${about} |`;
  });
  return [BEGIN, '', '| key | variable | default | accepts | |', '|---|---|---|---|---|', ...rows, '', END].join('\n');
}

/** The page with its table made anew. */
export function withSettingsTable(page: string): string {
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from < 0 || to < from) throw new Error('docs/configuration.md has lost the marks of its table');
  return page.slice(0, from) + settingsTable() + page.slice(to + END.length);
}
