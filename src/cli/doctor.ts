// `sidejob doctor`: looks at everything a job needs, and says what to do where something is missing. It writes nothing,
// spends nothing, and works when nothing else does; each check stands alone.
import { getCompileCacheDir } from 'node:module';
import { type Paths, pathsIn, resolvePaths } from '../config/paths.js';
import { messageOf, SidejobError } from '../errors.js';
import type { Finding } from '../jobs/doctor/finding.js';
import { visible } from '../output/printable.js';
import { PROVIDERS } from '../providers/registry.js';
import { VERSION } from '../version.js';
import type { CommandContext } from './context.js';
import { command, JSON_OPTION } from './options.js';
import { columnsOf, cutTo } from './terminal.js';

const MARKS = { ok: 'ok', warn: 'warn', problem: 'PROBLEM' } as const;

const options = { json: JSON_OPTION, fix: { type: 'boolean', about: 'mend what is safe to mend' } } as const;

/** Exit status 1 if there is a problem; warnings are none. */
export const doctorCommand = command({ options }, async ({ values }, context) => {
  const findings = await examine(context, values.fix ?? false);
  const healthy = findings.every(({ level }) => level !== 'problem');
  if (values.json) context.stdout(`${JSON.stringify({ ok: healthy, version: VERSION, findings }, null, 2)}\n`);
  else context.stdout(shown(findings));
  return healthy ? 0 : 1;
});

async function examine(context: CommandContext, fix: boolean): Promise<Finding[]> {
  const { env } = context;
  const { ok, problem } = await import('../jobs/doctor/finding.js');
  const findings: Finding[] = [
    ok('node', `Node ${process.versions.node}, ${process.platform}, Sidejob ${VERSION}`),
    ok(
      'compiled',
      getCompileCacheDir() ?? 'nothing is kept: another user has installed Sidejob, so each start takes longer',
    ),
  ];
  if (process.platform === 'win32') {
    return [...findings, problem('platform', 'Sidejob does not run on Windows yet', 'use it inside WSL')];
  }
  let paths: Paths;
  try {
    paths = resolvePaths(env);
  } catch (error) {
    if (!(error instanceof SidejobError)) throw error;
    return [...findings, problem('data folder', error.message.replace(/\.$/, ''), 'set SIDEJOB_HOME to one')];
  }
  const real = await (await import('node:fs/promises')).realpath(paths.home).catch(() => paths.home);
  paths = pathsIn(real);
  const { folderFindings, isNoFolder } = await import('../jobs/doctor/folder.js');
  // All else would fail for the same reason.
  if (await isNoFolder(paths)) return [...findings, ...(await folderFindings(paths, 0, false))];
  /** One that fails in a way of its own is a finding, and the others go on. */
  const safely = async (check: string, look: () => Promise<Finding[]>) => {
    try {
      return await look();
    } catch (error) {
      return [problem(check, `could not be looked at: ${messageOf(error)}`, 'please report this')];
    }
  };
  const { configFindings } = await import('../jobs/doctor/config.js');
  const { config, providers, findings: ofConfig } = await configFindings(paths, env, PROVIDERS);
  const groups = await Promise.all([
    safely('data folder', async () => {
      return folderFindings(paths, config.settings.minFreeMb, fix);
    }),
    safely('store', async () => (await import('../jobs/doctor/store.js')).storeFindings(paths)),
    Promise.resolve(ofConfig),
    safely('policy', () => policyFindings(env, paths)),
    safely('providers', async () => {
      const { providerFindings } = await import('../jobs/doctor/providers.js');
      return providerFindings(providers, config, env);
    }),
    safely('clients', async () => {
      const { clientFindings } = await import('./doctor/clients.js');
      return clientFindings({ env, home: env.HOME ?? '', platform: process.platform }, paths);
    }),
  ]);
  return [...findings, ...groups.flat()];
}

async function policyFindings(env: NodeJS.ProcessEnv, paths: Paths): Promise<Finding[]> {
  const { ok, problem, warn } = await import('../jobs/doctor/finding.js');
  const { PolicyFile, policyPlace } = await import('../policy/load.js');
  const { policy, broken, place } = await new PolicyFile(policyPlace(env, paths.home)).current();
  if (broken) {
    const what = `${broken.message.replace(/\.$/, '')}. Until it is mended, every call is denied`;
    return [problem('policy', what, `mend it, then: sidejob policy check`)];
  }
  if (!policy) return [ok('policy', 'none: allowed is what the configuration allows')];
  return [
    ok('policy', `${place.file} (${place.origin}) is valid`),
    ...policy.warnings.map((warning) => warn('policy', warning.replace(/\.$/, ''), 'sidejob policy check')),
  ];
}

function shown(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const columns = columnsOf();
  const lines = findings.map(({ check, level, message, remedy, fixed }) => {
    const mark = (fixed ? 'fixed' : MARKS[level]).padEnd(7);
    const todo = remedy ? `\n${' '.repeat(width + 11)}→ ${remedy}` : '';
    const line = visible(`${mark}  ${check.padEnd(width)}  ${message}`);
    // What is wrong, and what to do about it, is never cut.
    return (level === 'ok' && columns !== undefined ? cutTo(line, columns) : line) + visible(todo);
  });
  const problems = findings.filter(({ level }) => level === 'problem').length;
  const warnings = findings.filter(({ level }) => level === 'warn').length;
  const plural = (n: number, what: string) => `${n} ${what}${n === 1 ? '' : 's'}`;
  return `${lines.join('\n')}\n\n${plural(problems, 'problem')}, ${plural(warnings, 'warning')}.\n`;
}
