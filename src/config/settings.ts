// Every setting there is: its key in config.toml, its environment variable, its default and what it accepts.
// A setting that is not read somewhere does not belong here.
import { z } from 'zod';

const whole = (min: number, max: number) => z.coerce.number().int().min(min).max(max);

export const SETTINGS = {
  maxRunning: { schema: whole(1, 1000), initial: 8, about: 'Jobs that may run at once, over all servers.' },
  maxRunningPerProvider: { schema: whole(1, 1000), initial: 4, about: 'Jobs that may run at once on one CLI.' },
  maxQueued: { schema: whole(0, 100_000), initial: 500, about: 'Jobs that may wait for a place.' },
  timeoutSec: { schema: whole(1, 7 * 86_400), initial: 3600, about: 'Total time limit of a job that names none.' },
  graceSec: { schema: whole(0, 300), initial: 5, about: 'Seconds between SIGTERM and SIGKILL.' },
  waitSec: { schema: whole(0, 3600), initial: 0, about: 'Longest wait of one call; 0: what the client allows.' },
  outputLimitMb: { schema: whole(1, 1_000_000), initial: 1024, about: 'Output at which a job is ended.' },
  keepDays: { schema: whole(1, 36_500), initial: 30, about: 'Days that an ended job is kept once it was read.' },
  keepUnreadDays: { schema: whole(1, 36_500), initial: 90, about: 'Days that an unread one is kept.' },
  keepJobs: { schema: whole(1, 10_000_000), initial: 10_000, about: 'Ended jobs kept at the most.' },
  keepMb: { schema: whole(1, 100_000_000), initial: 10_240, about: 'Output of ended jobs kept at the most.' },
  minFreeMb: { schema: whole(0, 10_000_000), initial: 200, about: 'Free disk below which no job is accepted.' },
  maxAccess: { schema: z.enum(['read-only', 'edit', 'full']), initial: 'full', about: 'Highest access of a job.' },
  maxDepth: { schema: whole(0, 20), initial: 2, about: 'How deep jobs may start jobs.' },
  defaultProvider: { schema: z.string().min(1), initial: 'auto', about: 'Provider when none is asked for.' },
} as const;

export type SettingName = keyof typeof SETTINGS;
export type Settings = { [Name in SettingName]: z.infer<(typeof SETTINGS)[Name]['schema']> };

/** What a user may say of one CLI under `[providers.NAME]`. */
export const PROVIDER_SETTINGS = z.strictObject({
  /** Absolute path of the executable, where PATH does not lead to it. */
  command: z.string().startsWith('/').optional(),
  maxRunning: whole(1, 1000).optional(),
  /** Variables to set for this CLI alone. */
  env: z.record(z.string(), z.string()).optional(),
});
export type ProviderSettings = z.infer<typeof PROVIDER_SETTINGS>;

/** `maxRunning` → `SIDEJOB_MAX_RUNNING`. */
export function variableOf(name: string): string {
  return `SIDEJOB_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}
