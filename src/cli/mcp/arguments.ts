// What was asked for on the command line of `sidejob mcp`. Pure: words go in, an order or an error comes out.
import { parseArgs } from 'node:util';
import { nearest } from '../../config/nearest.js';
import { messageOf } from '../../errors.js';
import { CLIENTS, type Client, EDITED } from './clients.js';

const VERBS = ['install', 'uninstall', 'print'] as const;

export interface Order {
  readonly verb: (typeof VERBS)[number];
  readonly client: Client;
  readonly dryRun: boolean;
  readonly json: boolean;
  /** The configuration file, where it is not the client's usual one. */
  readonly file: string | undefined;
}

/** The command line is wrong; the message is what a person reads. */
export class UsageError extends Error {}

export const USAGE = `Usage: sidejob mcp install|uninstall|print CLIENT [--dry-run] [--file PATH] [--json]

  install     enter sidejob in the client's configuration
  uninstall   take it out again
  print       print the entry, to paste it yourself

  --dry-run   show what would change, write nothing
  --file      the configuration file, where it is not at the client's usual place
  --json      as JSON: the entry, or { client, file, changed, backup }

Clients: ${EDITED.map((client) => client.name).join(', ')}
Only to print: ${CLIENTS.filter((client) => !EDITED.includes(client))
  .map((client) => client.name)
  .join(', ')}
`;

/** The order that `argv` holds, or `help`. Throws UsageError. */
export function parseOrder(argv: string[]): Order | 'help' {
  const { values, positionals } = parse(argv);
  if (values.help) return 'help';
  const [word, name, ...more] = positionals;
  const verb = VERBS.find((known) => known === word);
  if (!verb || name === undefined || more.length > 0 || values.file === '') throw new UsageError(USAGE);
  const client = CLIENTS.find((known) => known.name === name);
  if (!client) throw new UsageError(unknownClient(name));
  if (verb !== 'print' && !EDITED.includes(client)) throw new UsageError(printOnly(client));
  return { verb, client, dryRun: values['dry-run'] ?? false, json: values.json ?? false, file: values.file };
}

function parse(argv: string[]) {
  try {
    return parseArgs({
      args: argv,
      allowPositionals: true,
      options: {
        ...{ 'dry-run': { type: 'boolean' }, file: { type: 'string' }, json: { type: 'boolean' } },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError(`${messageOf(error)}\n\n${USAGE}`);
  }
}

function printOnly({ name, title }: Client): string {
  const names = EDITED.map((client) => client.name).join(', ');
  return `Sidejob does not edit the file of ${title}; "sidejob mcp print ${name}" shows what to paste. It edits those of ${names}.\n`;
}

function unknownClient(name: string): string {
  const names = CLIENTS.map((client) => client.name);
  const near = nearest(name, names);
  return `Unknown client "${name}".${near ? ` Did you mean ${near}?` : ''} Known: ${names.join(', ')}.\n`;
}
