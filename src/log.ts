// The log: JSON lines on stderr. stdout belongs to the protocol. pino is loaded with the first line that is
// written, because most servers never write one.
import type { Log } from './jobs/engine.js';
import { visible } from './output/printable.js';
import type { Secrets } from './output/secrets/secrets.js';

type Level = keyof Log;
/** The levels of pino, the least important first. */
const RANKS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];
type Logger = Log & { isLevelEnabled(level: string): boolean };

/** A log without secrets, of the level that `SIDEJOB_LOG_LEVEL` names (`warn` if it names none). */
export function createLog(env: NodeJS.ProcessEnv, secrets: Pick<Secrets, 'maskAll'>): Log {
  const level = env.SIDEJOB_LOG_LEVEL || 'warn';
  let logger: Promise<Logger> | undefined;
  const write = (at: Level) => (details: object, message: string) => {
    logger ??= import('pino').then(({ default: pino }) =>
      pino({ level, base: { pid: process.pid } }, pino.destination({ fd: 2, sync: true })),
    );
    // A log that cannot be written must not harm a job.
    void logger
      .then(async (pino) => {
        if (pino.isLevelEnabled(at)) pino[at](await secrets.maskAll(details), message);
      })
      .catch(() => {});
  };
  return { warn: write('warn'), error: write('error'), debug: write('debug') };
}

/** The log of the command line: what a server would log, as a person reads it: `sidejob: message: error`. */
export function createPlainLog(
  env: NodeJS.ProcessEnv,
  secrets: Pick<Secrets, 'mask'>,
  print: (text: string) => void,
): Log {
  const wanted = RANKS.indexOf(env.SIDEJOB_LOG_LEVEL || 'warn');
  const write = (at: Level) => (details: object, message: string) => {
    // Of a level that is none, all is shown rather than nothing.
    if (RANKS.indexOf(at) < wanted) return;
    const { error, ...about } = details as Record<string, unknown>;
    const facts = Object.entries(about).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
    const which = facts.length > 0 ? ` (${facts.join(', ')})` : '';
    void secrets
      .mask(`${message}${which}${error === undefined ? '' : `: ${error}`}`)
      .then((text) => print(`sidejob: ${visible(text)}\n`))
      .catch(() => {});
  };
  return { warn: write('warn'), error: write('error'), debug: write('debug') };
}
