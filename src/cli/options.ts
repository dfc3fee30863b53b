// How a subcommand says which options it takes, and how their values are read.
import { parseArgs } from 'node:util';
import { SidejobError } from '../errors.js';
import type { Command, CommandContext, Option, Options } from './context.js';

type Value<O extends Option> = O['type'] extends 'boolean' ? boolean : O extends { multiple: true } ? string[] : string;

export interface Given<O extends Options> {
  values: { [Name in keyof O]?: Value<O[Name]> };
  positionals: string[];
}

/**
 * A subcommand that reads its arguments by these options.
 * @param words whether it takes words that are no options
 */
export function command<const O extends Options>(
  { options, words = false, notes }: { options: O; words?: boolean; notes?: string },
  run: (given: Given<O>, context: CommandContext) => Promise<number>,
): Command {
  const own = async (argv: string[], context: CommandContext) => {
    const { values, positionals } = parseArgs({ args: argv, options, allowPositionals: words });
    return run({ values: values as Given<O>['values'], positionals }, context);
  };
  return Object.assign(own, { options, ...(notes !== undefined && { notes }) });
}

export const JSON_OPTION = { type: 'boolean', about: 'as JSON' } as const satisfies Option;

/** @throws SidejobError `bad_argument` */
export function oneOf<T extends string>(option: string, known: readonly T[], given: string | undefined): T | undefined {
  const found = known.find((each) => each === given);
  if (given !== undefined && !found) {
    throw new SidejobError('bad_argument', `--${option} ${given}: there are ${known.join(', ')}.`);
  }
  return found;
}

/** @throws SidejobError `bad_argument` */
export function wholeNumber(option: string, given: string, min: number, max = Number.MAX_SAFE_INTEGER): number {
  const value = /^\d+$/.test(given) ? Number(given) : Number.NaN;
  if (value >= min && value <= max) return value;
  const range = max === Number.MAX_SAFE_INTEGER ? `above ${min - 1}` : `from ${min} to ${max}`;
  throw new SidejobError('bad_argument', `--${option} ${given} is not a whole number ${range}.`);
}

const UNITS: Record<string, number> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400, w: 7 * 86_400 };

/**
 * A time such as `90`, `90s`, `15m`, `2h` or `7d`, in seconds.
 * @throws SidejobError `bad_argument`
 */
export function duration(option: string, given: string): number {
  const [, count = '', unit = ''] = /^(\d{1,9})([smhdw]?)$/.exec(given) ?? [];
  const scale = UNITS[unit];
  if (count !== '' && scale !== undefined) return Number(count) * scale;
  throw new SidejobError('bad_argument', `--${option} ${given} is no time; 90 (seconds), 15m, 2h and 7d are.`);
}

/** Several values, each given on its own or with commas between them. */
export function listed(given: readonly string[] | undefined): string[] {
  return [...new Set((given ?? []).flatMap((each) => each.split(',')).map((each) => each.trim()))].filter(Boolean);
}
