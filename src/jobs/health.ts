// The state of the job manager in figures, and what its owner should know.
import { statfs } from 'node:fs/promises';
import { compareHost } from '../process/host.js';
import { activeJobs, countByStatus } from '../store/jobs.js';
import { placesTaken } from '../store/queue.js';
import { activeOwners } from '../store/servers.js';
import type { Engine } from './engine.js';

export type Health = Awaited<ReturnType<typeof jobHealth>>;

export async function jobHealth(engine: Engine) {
  const { config, paths, store, supervision, host } = engine;
  const { settings, origins } = config;
  const counts = countByStatus(store);
  const places = placesTaken(store);
  const disk = await statfs(paths.home).catch(() => undefined);
  const freeMb = disk && Math.floor((disk.bavail * disk.bsize) / (1024 * 1024));
  const servers = activeOwners(store).length;
  const warnings: string[] = [];
  if (freeMb !== undefined && freeMb < settings.minFreeMb) {
    warnings.push(`${freeMb} MB free on the disk of ${paths.home}; no job is accepted below ${settings.minFreeMb} MB.`);
  }
  if (host.boot === '') warnings.push('The boot id cannot be read: jobs of an earlier boot may be shown as running.');
  const elsewhere = activeJobs(store).filter((job) => job.host && compareHost(job.host, host) === 'elsewhere').length;
  if (elsewhere > 0) {
    warnings.push(
      `${elsewhere} job${elsewhere > 1 ? 's' : ''} began on another machine or container; only a server there can tell.`,
    );
  }
  return {
    jobs: { ...counts, supervisedHere: supervision.count, adoptedHere: supervision.adopted, servers },
    queue: {
      waiting: counts.queued,
      running: places.total,
      maxRunning: settings.maxRunning,
      maxRunningPerProvider: settings.maxRunningPerProvider,
      byProvider: Object.fromEntries(places.byProvider),
    },
    store: { home: paths.home, path: paths.store, ...store.facts(), freeMb },
    config: {
      file: paths.config,
      settings: Object.fromEntries(
        Object.entries(settings).map(([name, value]) => [
          name,
          { value, origin: origins[name as keyof typeof origins] },
        ]),
      ),
      // Names only: the values may be keys.
      providers: Object.fromEntries(
        Object.entries(config.providers).map(([name, { env, ...rest }]) => [
          name,
          { ...rest, ...(env && { env: Object.keys(env) }) },
        ]),
      ),
    },
    warnings,
  };
}
