// Panels: several CLIs that the configuration puts under one name. Where they are checked, and where a name becomes those
// it stands for.
import type { Config } from '../config/config.js';
import { PANEL_MAX, type Panels } from '../config/panels.js';
import { SidejobError } from '../errors.js';
import type { Provider } from '../providers/provider.js';
import { isChain, parseChain } from './chain.js';
import { knownProvider } from './choose.js';
import type { Engine } from './engine.js';
import { NOTHING } from './request.js';

const NAME = /^[a-z][a-z0-9-]{0,39}$/;
/** What other things are called. */
const TAKEN = ['auto', 'all'];

/** @throws SidejobError `bad_config` for a name that something else has, and for a CLI that there is not */
export function checkPanels({ panels, placeOf }: Config, providers: readonly Provider[]): void {
  for (const [name, members] of Object.entries(panels)) {
    const wrong = (why: string) => new SidejobError('bad_config', `${placeOf(['panels', name])}: panels.${name}${why}`);
    if (!NAME.test(name)) throw wrong(' is no name: lower-case letters, digits and "-", at most 40.');
    if (TAKEN.includes(name) || providers.some((provider) => provider.name === name)) {
      throw wrong(` has a name that is taken: "${name}" is ${TAKEN.includes(name) ? 'a word of its own' : 'a CLI'}.`);
    }
    for (const member of members) {
      try {
        parseChain(providers, member, undefined);
      } catch (error) {
        if (!(error instanceof SidejobError)) throw error;
        // Its hint is for a call; the nearest name is in it.
        throw wrong(`: ${error.message} ${(error.hint ?? '').replace(` ${NOTHING}`, '')}`.trim());
      }
    }
  }
}

/** Those that a name stands for; undefined if it is no panel's. */
export function panelNamed(panels: Panels, name: string): readonly string[] | undefined {
  const wanted = name.trim().toLowerCase();
  return Object.hasOwn(panels, wanted) ? panels[wanted] : undefined;
}

/**
 * Who is asked, where names may stand for panels: each once, in order.
 * @throws SidejobError `bad_argument` for more than a call may ask
 */
export function withPanels(panels: Panels, names: readonly string[]): string[] {
  const members = names.flatMap((name) => panelNamed(panels, name) ?? [name]);
  const asked = [...new Map(members.map((name) => [name.toLowerCase().replaceAll(' ', ''), name])).values()];
  if (asked.length <= PANEL_MAX) return asked;
  throw new SidejobError(
    'bad_argument',
    `these are ${asked.length} providers; at most ${PANEL_MAX} are asked.`,
    NOTHING,
  );
}

/**
 * Refuses the name of a panel where one CLI is meant, and of a name that is nobody's says whether a panel's is near.
 * @param argument what named it
 * @throws SidejobError `bad_argument` also for several, `unknown_provider`
 */
export function checkNoPanel({ config, providers }: Engine, name: string, argument: 'provider' | 'judge'): void {
  if (panelNamed(config.panels, name)) {
    const use = argument === 'provider' ? `Use providers:["${name}"].` : 'Name one CLI, or a chain.';
    throw new SidejobError('bad_argument', `"${name}" is a panel, and ${argument} is one CLI.`, `${use} ${NOTHING}`);
  }
  if (argument === 'provider' && name.includes(',')) {
    const several = JSON.stringify(name.split(',').map((each) => each.trim()));
    throw new SidejobError('bad_argument', 'provider is one CLI.', `Use providers:${several}. ${NOTHING}`);
  }
  if (!isChain(name)) knownProvider(providers, name, argument === 'provider' ? Object.keys(config.panels) : []);
}
