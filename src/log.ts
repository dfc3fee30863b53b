// The log: JSON lines on stderr. stdout belongs to the protocol. pino is loaded with the first line that is
// written, because most servers never write one.
import type { Log } from './jobs/engine.js';

type Level = keyof Log;

/** A log of the level that `SIDEJOB_LOG_LEVEL` names (`warn` if it names none). */
export function createLog(env: NodeJS.ProcessEnv): Log {
  const level = env.SIDEJOB_LOG_LEVEL || 'warn';
  let logger: Promise<Record<Level, (details: object, message: string) => void>> | undefined;
  const write = (at: Level) => (details: object, message: string) => {
    logger ??= import('pino').then(({ default: pino }) =>
      pino({ level, base: { pid: process.pid } }, pino.destination({ fd: 2, sync: true })),
    );
    // A log that cannot be written must not harm a job.
    void logger.then((pino) => pino[at](details, message)).catch(() => {});
  };
  return { warn: write('warn'), error: write('error'), debug: write('debug') };
}
