// One thing that `sidejob doctor` has looked at.

/** `warn`: it works, but not all of it, or not for long. `problem`: something does not work. */
export type Level = 'ok' | 'warn' | 'problem';

export interface Finding {
  /** What was looked at: `store`, `claude`, `policy`. */
  readonly check: string;
  readonly level: Level;
  /** What was found, in one line. */
  readonly message: string;
  /** What to do about it, in one line: a command where there is one. */
  readonly remedy?: string;
  /** Mended just now. */
  readonly fixed?: true;
}

export const ok = (check: string, message: string, remedy?: string) => finding(check, 'ok', message, remedy);
export const warn = (check: string, message: string, remedy?: string) => finding(check, 'warn', message, remedy);
export const problem = (check: string, message: string, remedy?: string) => finding(check, 'problem', message, remedy);

function finding(check: string, level: Level, message: string, remedy?: string): Finding {
  return { check, level, message, ...(remedy && { remedy }) };
}

/** `1 job`, `2 jobs`. */
export function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}
