// The log: JSON lines on stderr. stdout belongs to the protocol. pino is loaded with the first line that is
// written, because most servers never write one.
import type { Log } from './jobs/engine.js';
import type { Secrets } from './output/secrets/secrets.js';

type Level = keyof Log;
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
