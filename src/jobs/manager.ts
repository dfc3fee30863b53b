// The job manager: everything a face of Sidejob (MCP, command line) can do with jobs. It opens the store when it
// is first needed, and puts the parts of this folder together.
import { randomUUID } from 'node:crypto';
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import type { Paths } from '../config/paths.js';
import { SidejobError } from '../errors.js';
import { Secrets } from '../output/secrets/secrets.js';
import { currentHost, hostKey } from '../process/host.js';
import { ancestorsOf, processInfo } from '../process/table.js';
import type { Provider } from '../providers/provider.js';
import { isAhead, rebaseCounters } from '../store/counters.js';
import { openDataFolder } from '../store/data-folder.js';
import { activeJobs } from '../store/jobs.js';
import { registerServer } from '../store/servers.js';
import { Store } from '../store/store.js';
import { isProviderAllowed } from './allowed.js';
import { Audit } from './audit.js';
import { checkedConfig } from './checked-config.js';
import { findCli, readinessOf } from './clis.js';
import type { Engine, Log } from './engine.js';
import { cliEnvironment, loginKey } from './environment.js';
import { OnFinishRunner } from './on-finish.js';
import { Readings } from './readings.js';
import { removeOld } from './retention.js';
import { Scheduler } from './scheduler.js';
import { settle } from './settle.js';
import { Supervisor } from './supervisor.js';

/** How often jobs of servers that may have died are looked at. */
const SWEEP_MS = 15_000;
/** Jobs that are looked at before others get their turn. */
const TOGETHER = 32;
/** How often old jobs are removed; the first time after so long, so that a short-lived server does not begin. */
const CLEAN_MS = 10 * 60_000;

export interface ManagerOptions {
  paths: Paths;
  env: NodeJS.ProcessEnv;
  providers: readonly Provider[];
  log: Log;
  /** Of the face that shows; it learns the configuration here. */
  secrets?: Secrets;
  /** For a command that is gone in a moment: it takes over no job. */
  passive?: boolean;
}

/** An engine, and how to let go of it. Letting go never touches a job. */
export interface JobManager {
  readonly engine: Engine;
  close(): void;
}

/**
 * Opens the store and looks at every job that has not ended: jobs whose server has died are adopted, finished
 * or reported.
 * @throws SidejobError `bad_config`, `store_unavailable`
 */
export async function openJobManager({
  paths: given,
  env,
  providers: known,
  log,
  secrets = new Secrets(env),
  passive = false,
}: ManagerOptions): Promise<JobManager> {
  if (process.platform === 'win32') {
    throw new SidejobError('not_supported', 'Sidejob does not run on Windows yet.', 'Use it inside WSL.');
  }
  // First: what others can write to is no configuration.
  const paths = await openDataFolder(given);
  const { config, providers } = await checkedConfig(paths.config, env, known);
  const owned = [config.env, ...Object.values(config.providers).map((each) => each.env)];
  secrets.configure(config.settings.redact, ...owned.map((rules) => rules?.set));
  const [host, self] = await Promise.all([currentHost(), processInfo(process.pid)]);
  // Without it, the other servers would take this one for dead.
  if (!self) throw new Error('this process cannot be found in the process table');
  // Last, so that nothing that fails leaves it open.
  const store = await Store.open(paths.store, paths.bell);
  const audit = new Audit(store, paths, log);
  const scheduler = new Scheduler(() => engine);
  const supervisor = new Supervisor(() => engine);
  const onFinish = new OnFinishRunner(() => engine);
  let ancestors: ReturnType<Engine['ancestors']> | undefined;
  const byName = new Map(providers.map((provider) => [provider.name, provider]));
  const engine: Engine = {
    paths,
    config,
    env,
    store,
    host,
    log,
    secrets,
    audit,
    server: {
      id: randomUUID(),
      host: hostKey(host),
      pid: process.pid,
      pidStart: self.start,
      startedAt: Date.now(),
    },
    readings: new Readings(),
    supervision: supervisor,
    starting: new Set(),
    finishing: new Map(),
    // Read once: they do not change, but for those that end, and what a process once came from it still comes from.
    ancestors: () => (ancestors ??= ancestorsOf(self)),
    passive,
    nestingGuards: providers.flatMap((provider) => provider.dropEnv),
    providers,
    providerNamed: (name) => byName.get(name),
    envOf: (provider) => cliEnvironment(provider, config, env),
    loginKeyOf: (name) => {
      const provider = byName.get(name);
      return provider ? loginKey(provider, config, engine.envOf(provider)) : '';
    },
    register: () => registerServer(store, engine.server),
    findCli: (provider) => findCli(provider, config, engine.envOf(provider)),
    readyProviders: async () => {
      const states = await Promise.all(
        providers.map(async (provider) => ({ provider, state: await readinessOf(engine, provider) })),
      );
      return states
        .filter(({ provider, state }) => state === 'ready' && isProviderAllowed(engine, provider.name))
        .map(({ provider }) => provider.name);
    },
    schedule: () => scheduler.schedule(),
    begin: (id, found) => scheduler.begin(id, found),
  };
  const sweepLeftovers = () =>
    supervisor.sweepLeftovers().catch((error) => log.error({ error: String(error) }, 'sweeping leftovers failed'));
  const look = async () => {
    await settleAll(engine);
    await sweepLeftovers();
    await keepTime(engine);
    // What a server that died has left unwritten, and what could not be written before.
    await audit.flush();
    await onFinish.look();
  };
  const sweep = setInterval(() => void look(), SWEEP_MS).unref();
  // Folders without a job are what a sudden death left: once is enough, and there may be as many as jobs.
  let swept = false;
  let cleaning = false;
  const clean = setInterval(() => {
    // Of very many, the removal takes longer than until the next time.
    if (cleaning) return;
    cleaning = true;
    void cleanUp(engine, !swept).finally(() => {
      cleaning = false;
    });
    swept = true;
  }, CLEAN_MS).unref();
  onFinish.start();
  await settleAll(engine);
  if (!passive) void sweepLeftovers();
  void keepTime(engine)
    .then(() => audit.flush())
    .then(() => onFinish.look());
  return {
    engine,
    close() {
      clearInterval(sweep);
      clearInterval(clean);
      scheduler.close();
      supervisor.close();
      onFinish.close();
      audit.close();
      store.close();
    },
  };
}

/** After the wall clock was set back, counters must not stay full until the old time comes again. */
async function keepTime({ store, log }: Engine): Promise<void> {
  try {
    if (isAhead(store, Date.now())) await store.write(() => rebaseCounters(store, Date.now()));
  } catch (error) {
    log.warn({ error: String(error) }, 'counters could not be looked at; it is tried again');
  }
}

async function cleanUp(engine: Engine, sweep: boolean): Promise<void> {
  try {
    await removeOld(engine, Date.now(), sweep);
  } catch (error) {
    engine.log.warn({ error: String(error) }, 'old jobs could not be removed; it is tried again');
  }
}

/** Settles every job that has not ended. One that fails is tried again at the next sweep. */
async function settleAll(engine: Engine): Promise<void> {
  try {
    const jobs = activeJobs(engine.store);
    // Some at a time: a thousand at once would hold up the event loop.
    for (let at = 0; at < jobs.length; at += TOGETHER) {
      const some = jobs.slice(at, at + TOGETHER);
      const results = await Promise.allSettled(some.map((job) => settle(engine, job.id)));
      for (const result of results) {
        if (result.status === 'rejected') engine.log.error({ error: String(result.reason) }, 'settling a job failed');
      }
      await yieldToOthers();
    }
  } catch (error) {
    engine.log.error({ error: String(error) }, 'the store cannot be read');
  }
}
