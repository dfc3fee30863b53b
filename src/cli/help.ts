// `sidejob help [COMMAND]`, `sidejob COMMAND --help`.
import { VERSION } from '../version.js';
import { COMMANDS, type Entry, GROUPS } from './commands.js';
import type { Option } from './context.js';
import { paint, table } from './terminal.js';

/** All commands by their groups. */
export function overviewOfCommands(): string {
  const shown = COMMANDS.filter(({ told }) => !told);
  const left = ({ name, args }: Entry) => `  ${name}${args && ` ${args}`}`;
  const width = Math.max(...shown.map((entry) => left(entry).length));
  const groups = GROUPS.map((group) => {
    const lines = shown
      .filter((entry) => entry.group === group)
      .map((entry) => `${left(entry).padEnd(width)}  ${entry.about}`);
    return `${paint('bold', group)}\n${lines.join('\n')}\n`;
  });
  return (
    `Sidejob ${VERSION}: background jobs for LLM CLIs\n\n${groups.join('')}\n` +
    'An ID may be any unique beginning of it, or of its last part. Started by a client, "sidejob" serves MCP.\n' +
    '"sidejob help COMMAND" tells more of one.\n'
  );
}

/** One command with its options; undefined for one that has its own help. */
export async function helpOf(entry: Entry): Promise<string | undefined> {
  const { options, notes } = await entry.load();
  if (!options) return undefined;
  const all: [string, Option][] = [
    ...Object.entries(options),
    ['help', { type: 'boolean', short: 'h', about: 'this' }],
  ];
  const rows = all.map(([name, { short, value, about }]) => [
    `  ${short ? `-${short}, ` : '    '}--${name}${value ? ` ${value}` : ''}`,
    about,
  ]);
  const use = ['sidejob', entry.name, entry.args, '[OPTIONS]'].filter(Boolean).join(' ');
  return `${use}\n  ${entry.about}\n\n${table(rows)}${notes ? `\n${notes.trimEnd()}\n` : ''}`;
}
