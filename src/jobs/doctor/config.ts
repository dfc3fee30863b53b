// The configuration: valid? And are the variables that look like ours ours?
import { access } from 'node:fs/promises';
import { distance } from 'fastest-levenshtein';
import { type Config, loadConfig } from '../../config/config.js';
import { nearest } from '../../config/nearest.js';
import type { Paths } from '../../config/paths.js';
import { SidejobError } from '../../errors.js';
import { findProgram } from '../../process/find-command.js';
import type { Provider } from '../../providers/provider.js';
import { checkedConfig } from '../checked-config.js';
import { KNOWN_VARIABLES, unknownVariables } from '../health.js';
import { NOTIFIERS } from '../notification.js';
import { type Finding, ok, problem, warn } from './finding.js';

/** Letters that are wrong in a slip of the keys. */
const TYPO_LETTERS = 2;

export interface CheckedConfig {
  /** The defaults, where what is configured is wrong. */
  config: Config;
  providers: readonly Provider[];
  findings: Finding[];
}

export async function configFindings(
  paths: Paths,
  env: NodeJS.ProcessEnv,
  known: readonly Provider[],
): Promise<CheckedConfig> {
  try {
    const { config, providers } = await checkedConfig(paths.config, env, known);
    const set = Object.entries(config.origins).filter(([, origin]) => origin !== 'default');
    const there = await access(paths.config).then(
      () => paths.config,
      () => 'no config.toml',
    );
    const what = `${there}, ${set.length} of ${Object.keys(config.origins).length} settings changed`;
    const findings = [ok('config', what, set.length > 0 ? 'sidejob config shows them' : undefined)];
    return {
      config,
      providers,
      findings: [...findings, ...misspelt(config, known), ...variables(env), ...(await onFinish(config, env))],
    };
  } catch (error) {
    if (!(error instanceof SidejobError)) throw error;
    const config = await loadConfig('/dev/null', {});
    // A variable is no line of the file.
    const remedy = /^SIDEJOB_\w+:/.test(error.message) ? 'change or unset the variable' : 'sidejob config edit';
    const what = `${error.message.replace(/\.$/, '')}. Until it is mended, no server takes a job`;
    return { config, providers: known, findings: [problem('config', what, remedy), ...variables(env)] };
  }
}

/** A table that makes a CLI of its own, and was probably meant for one that is known. */
function misspelt({ providers, placeOf }: Config, known: readonly Provider[]): Finding[] {
  return Object.entries(providers).flatMap(([name, settings]) => {
    const meant = known.find((each) => each.name !== name && distance(each.name, name) <= TYPO_LETTERS);
    const bare = Object.keys(settings).join() === 'command' && !known.some((each) => each.name === name);
    if (!bare || !meant || name.length <= 2 * TYPO_LETTERS) return [];
    const what = `${placeOf(['providers', name])}: [providers.${name}] makes a CLI of your own`;
    return [warn('config', what, `[providers.${meant.name}], if that is what is meant`)];
  });
}

function variables(env: NodeJS.ProcessEnv): Finding[] {
  return unknownVariables(env).map((name) => {
    const near = nearest(name, [...KNOWN_VARIABLES]);
    return warn(
      'environment',
      `${name}: there is no such setting`,
      near ? `${near}?` : 'sidejob config --json lists them',
    );
  });
}

async function onFinish({ onFinish: { command, notify } }: Config, env: NodeJS.ProcessEnv): Promise<Finding[]> {
  const findings: Finding[] = [];
  const [program] = command ?? [];
  if (program !== undefined) {
    const found = await findProgram(program, env);
    findings.push(
      found
        ? ok('on_finish', `runs ${found.path}`)
        : problem('on_finish', `there is no program ${program}`, 'name it by its absolute path in [on_finish] command'),
    );
  }
  const notifier = NOTIFIERS[process.platform];
  if (notify && !(notifier && (await findProgram(notifier, env)))) {
    const what = `notify is on, but there is no ${notifier ?? 'program for it'} here, so nothing is shown`;
    const remedy = notifier === 'notify-send' ? 'install libnotify (libnotify-bin), or set notify = false' : undefined;
    findings.push(warn('on_finish', what, remedy ?? 'set notify = false'));
  }
  return findings;
}
