// The CLIs: found where, in which version, logged in as far as can be told without a request; and whether a server that
// a desktop client starts would find them, too.
import { tmpdir } from 'node:os';
import { delimiter, isAbsolute } from 'node:path';
import type { Config } from '../../config/config.js';
import { capture } from '../../process/capture.js';
import { findCommand, loginShellPath } from '../../process/find-command.js';
import type { Provider } from '../../providers/provider.js';
import { findCli, loginSign } from '../clis.js';
import { cliEnvironment } from '../environment.js';
import { type Finding, ok, problem, warn } from './finding.js';

interface Look {
  findings: Finding[];
  installed: boolean;
  ready: boolean;
  /** Its path, if the login shell does not find it. */
  hereOnly?: string;
}

export async function providerFindings(
  providers: readonly Provider[],
  config: Config,
  env: NodeJS.ProcessEnv,
): Promise<Finding[]> {
  const login = await loginShellPath(env);
  const looks = await Promise.all(providers.map((provider) => lookAt(provider, config, env, login)));
  const missing = providers.filter((_, index) => !looks[index]?.installed && looks[index]?.findings.length === 0);
  const hereOnly = providers.flatMap(({ name }, index) => {
    const path = looks[index]?.hereOnly;
    return path ? [{ name, path }] : [];
  });
  // The demo is no model. Without one nothing that is asked gets an answer: a script that sets a machine up must see that.
  const ready = looks.some((look, index) => look.ready && providers[index]?.vendor !== 'sidejob');
  return [
    ...pathFindings(env, login, hereOnly),
    ...looks.flatMap(({ findings }) => findings),
    ...(missing.length > 0
      ? [ok('others', `not installed: ${missing.map(({ name }) => name).join(', ')}`, 'sidejob providers says how')]
      : []),
    ...(ready
      ? []
      : [
          problem(
            'providers',
            'no CLI is both installed and logged in; only the demo answers',
            'sidejob providers says what to do for each',
          ),
        ]),
  ];
}

async function lookAt(provider: Provider, config: Config, base: NodeJS.ProcessEnv, login: string): Promise<Look> {
  const { name } = provider;
  const env = cliEnvironment(provider, config, base);
  const found = await findCli(provider, config, env);
  const configured = config.providers[name]?.command;
  if (!found) {
    const findings =
      configured === undefined
        ? []
        : [
            problem(
              name,
              `${configured} cannot be run (${config.placeOf(['providers', name, 'command'])})`,
              `put its path into [providers.${name}] command`,
            ),
          ];
    return { findings, installed: false, ready: false };
  }
  const [version, sign] = await Promise.all([versionOf(provider, found, env), loginSign(provider, env)]);
  const where = `${found.path}${found.via === 'PATH' || (found.via === 'config' && configured === undefined) ? '' : ` (${found.via})`}`;
  const facts = [where, version.text, sign && `login: ${sign}`].filter(Boolean).join(', ');
  const findings = [
    version.level === 'warn' ? warn(name, facts, version.remedy) : ok(name, facts),
    ...(sign === undefined ? [warn(name, 'no sign of a login', `if it is not logged in: ${provider.login}`)] : []),
  ];
  const byName = found.via === 'PATH' && login !== '' && !isAbsolute(configured ?? provider.command);
  const hereOnly =
    byName && !(await findCommand(configured ?? provider.command, { PATH: login })) ? found.path : undefined;
  return { findings, installed: true, ready: sign !== undefined, hereOnly };
}

async function versionOf(provider: Provider, found: { path: string; searchPath: string }, env: NodeJS.ProcessEnv) {
  // Without a version of ours to compare with, it is not run: who knows what it makes of the word.
  if (provider.version === undefined) return { level: 'ok', text: undefined, remedy: undefined } as const;
  const printed = await capture(found.path, ['--version'], { ...env, PATH: found.searchPath }, tmpdir()).catch(
    () => '',
  );
  const version = /\d+\.\d+\.\d+/.exec(printed)?.[0];
  if (version === undefined) {
    const text = `its version cannot be told (tested: ${provider.version})`;
    return { level: 'warn', text, remedy: `run "${found.path} --version" yourself` } as const;
  }
  const { level, text } = compareVersions(version, provider.version);
  const remedy =
    level === 'warn'
      ? text.includes('older')
        ? `update it: ${provider.install}`
        : `if jobs fail, try ${provider.version}`
      : undefined;
  return { level, text, remedy } as const;
}

/** What a version means, by the one with which everything was seen. */
export function compareVersions(version: string, tested: string): { level: 'ok' | 'warn'; text: string } {
  const [have, want] = [version, tested].map((text) => text.split('.').map(Number)) as [number[], number[]];
  const at = have.findIndex((number, index) => number !== want[index]);
  if (at < 0) return { level: 'ok', text: `version ${version}, as tested` };
  const older = (have[at] ?? 0) < (want[at] ?? 0);
  // A new patch, or a new minor version, of a CLI that keeps its promises needs no word.
  const breaks = older ? at < 2 : at === 0;
  const text = `version ${version}, ${older ? 'older' : 'newer'} than the tested ${tested}`;
  return { level: breaks ? 'warn' : 'ok', text };
}

function pathFindings(
  env: NodeJS.ProcessEnv,
  login: string,
  hereOnly: readonly { name: string; path: string }[],
): Finding[] {
  if (login === '') {
    const what = `the PATH of the login shell (SHELL=${env.SHELL ?? ''}) cannot be had, so desktop clients find only what is on theirs`;
    return [warn('PATH', what, 'see that $SHELL starts within 5 s; or name each CLI: command in [providers.NAME]')];
  }
  const [first, ...others] = hereOnly;
  if (first) {
    const names = hereOnly.map(({ name }) => name).join(', ');
    const what = `on the PATH of this terminal only: ${names}; a server that a desktop client starts will not find that`;
    const likewise = others.length > 0 ? ', and so on' : '';
    return [
      warn('PATH', what, `sidejob config edit: command = "${first.path}" under [providers.${first.name}]${likewise}`),
    ];
  }
  const own = (env.PATH ?? '').split(delimiter).length;
  return [ok('PATH', `${own} folders here, ${login.split(delimiter).length} in the login shell`)];
}
