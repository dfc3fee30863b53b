// The state of the job manager in figures, and what its owner should know.

import { statfs } from 'node:fs/promises';
import type { EnvRules, ProviderSettings } from '../config/provider-settings.js';
import { SETTINGS, variableOf } from '../config/settings.js';
import { FAULT_VARIABLE } from '../process/fault.js';
import { compareHost } from '../process/host.js';
import { JOB_VARIABLE } from '../process/job-processes.js';
import { activeJobs, countByStatus } from '../store/jobs.js';
import { placesTaken } from '../store/queue.js';
import { activeOwners } from '../store/servers.js';
import { unmergedWorktrees } from '../store/worktrees.js';
import type { Engine } from './engine.js';
import { DEPTH_VARIABLE } from './environment.js';
import { rootsOf } from './roots.js';

/** Changes that wait for longer are worth a word. */
const UNMERGED_MS = 86_400_000;

/** Variables that Sidejob reads, or sets itself. */
export const KNOWN_VARIABLES: ReadonlySet<string> = new Set([
  ...Object.keys(SETTINGS).map(variableOf),
  ...['SIDEJOB_HOME', 'SIDEJOB_LOG_LEVEL', 'SIDEJOB_POLICY', JOB_VARIABLE, DEPTH_VARIABLE, FAULT_VARIABLE],
]);

/** Names that look like ours and are not. */
export function unknownVariables(env: NodeJS.ProcessEnv): string[] {
  return Object.keys(env).filter((name) => name.startsWith('SIDEJOB_') && !KNOWN_VARIABLES.has(name));
}

export type Health = Awaited<ReturnType<typeof jobHealth>>;

export async function jobHealth(engine: Engine) {
  const { config, paths, store, supervision, host } = engine;
  const { settings, origins } = config;
  const counts = countByStatus(store);
  const places = placesTaken(store, engine.server.host);
  const disk = await statfs(paths.home).catch(() => undefined);
  const freeMb = disk && Math.floor((disk.bavail * disk.bsize) / (1024 * 1024));
  const servers = activeOwners(store).length;
  const warnings: string[] = [];
  if (freeMb !== undefined && freeMb < settings.minFreeMb) {
    warnings.push(`${freeMb} MB free on the disk of ${paths.home}; no job is accepted below ${settings.minFreeMb} MB.`);
  }
  const misspelt = unknownVariables(engine.env);
  if (misspelt.length > 0) warnings.push(`${misspelt.join(', ')} in the environment: no such setting.`);
  for (const { written, fault } of await rootsOf(engine, null)) {
    if (fault) warnings.push(`roots (${origins.roots}): "${written}" ${fault}.`);
  }
  if (engine.audit.problem) warnings.push(`The audit cannot be written, its lines wait: ${engine.audit.problem}.`);
  if (host.boot === '') warnings.push('The boot id cannot be read: jobs of an earlier boot may be shown as running.');
  const elsewhere = activeJobs(store).filter((job) => job.host && compareHost(job.host, host) === 'elsewhere').length;
  if (elsewhere > 0) {
    warnings.push(
      `${elsewhere} job${elsewhere > 1 ? 's' : ''} began on another machine or container; only a server there can tell.`,
    );
  }
  const unmerged = unmergedWorktrees(store).filter(({ createdAt }) => createdAt < Date.now() - UNMERGED_MS);
  const [oldest] = unmerged;
  if (oldest) {
    const they =
      unmerged.length > 1
        ? `${unmerged.length} isolated jobs of earlier days hold`
        : 'An isolated job of an earlier day holds';
    warnings.push(
      `${they} changes that were neither applied nor discarded (${oldest.id} in ${oldest.top}); kept until then.`,
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
      ...(Object.keys(config.env).length > 0 && { env: ruleNames(config.env) }),
      // The program alone: its arguments may hold keys.
      ...((config.onFinish.command || config.onFinish.notify) && {
        onFinish: { ...config.onFinish, command: config.onFinish.command?.[0] },
      }),
      providers: Object.fromEntries(
        Object.entries(config.providers).map(([name, settings]) => [name, shown(settings)]),
      ),
    },
    warnings,
  };
}

/** The settings of one CLI: of most no more than that they are there, because keys may stand in them. */
function shown({ command, maxRunning, env, ...rest }: ProviderSettings): Record<string, unknown> {
  const others = Object.keys(rest);
  return {
    ...(command && { command }),
    ...(maxRunning && { maxRunning }),
    ...(env && { env: ruleNames(env) }),
    ...(others.length > 0 && { others }),
  };
}

function ruleNames({ pass, drop, set }: EnvRules): Record<string, readonly string[]> {
  return { ...(pass && { pass }), ...(drop && { drop }), ...(set && { set: Object.keys(set) }) };
}
