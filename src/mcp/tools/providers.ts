import { z } from 'zod';
import type { Panels } from '../../config/panels.js';
import { isModelAllowed, isProviderAllowed } from '../../jobs/allowed.js';
import { parseChain } from '../../jobs/chain.js';
import { chooseProvider, knownProvider } from '../../jobs/choose.js';
import type { Engine } from '../../jobs/engine.js';
import { dollars, localTime, shortCount } from '../../jobs/figures.js';
import { modelsOf } from '../../jobs/models.js';
import { panelNamed } from '../../jobs/panels.js';
import { describeProviders, type ProviderView } from '../../jobs/providers.js';
import type { Provider } from '../../providers/provider.js';
import { NOTE } from '../fields.js';
import { defineTool } from '../tool.js';

export const providers = defineTool({
  name: 'llm_providers',
  title: 'Which LLM CLIs there are',
  description:
    'Which CLIs are ready, their login, models and use today, what is wrong and the remedy. With provider, the models that the CLI itself lists. Costs nothing.',
  input: z.strictObject({ provider: z.string().optional() }),
  output: z.object({
    providers: z.array(z.object({ name: z.string(), status: z.string() }).catchall(z.unknown())),
    defaultProvider: z.string().optional(),
    panels: z.record(z.string(), z.array(z.string())).optional(),
    note: NOTE,
  }),
  hints: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  meta: { 'anthropic/searchHint': 'installed models login claude codex gemini' },
  async handle({ provider }, call) {
    const { engine } = await call.manager();
    const named = panelsFor(engine.config.panels, provider);
    const wanted = provider === undefined ? engine.providers : namedBy(engine, provider);
    const views = await describeProviders(engine, wanted);
    // Asked about one, the CLI itself is asked; about several, that would take seconds.
    const only = provider === undefined || named.length > 0 ? undefined : wanted[0];
    const asked = only && isProviderAllowed(engine, only.name) ? await modelsOf(engine, only) : undefined;
    const models = asked?.filter((model) => isModelAllowed(engine, model));
    if (views[0] && models && models.length > 0) views[0].models = models;
    const chosen = await chooseProvider(engine, undefined, call.clientName).catch(() => undefined);
    const lines = views.map((view) => {
      const details = [view.path, view.login && `login: ${view.login}`, view.models?.join(' ')].filter(Boolean);
      const limited = view.limitedUntil && `limited until ${localTime(Date.parse(view.limitedUntil), Date.now())}`;
      const words = [`${view.name} ${view.status}`, ...details, todayPhrase(view), limited, view.remedy];
      return words.filter(Boolean).join(', ');
    });
    if (chosen) lines.push(`Default here: ${chosen.name}.`);
    for (const [name, members] of named) lines.push(`Panel "${name}" (for providers): ${members.join(', ')}.`);
    return {
      text: lines.join('\n'),
      data: {
        providers: views,
        ...(chosen && { defaultProvider: chosen.name }),
        ...(named.length > 0 && { panels: Object.fromEntries(named) }),
      },
    };
  },
});

/** The panels that are told of: all, or the one that is asked about. */
function panelsFor(panels: Panels, name: string | undefined): [string, readonly string[]][] {
  const all = Object.entries(panels);
  return name === undefined ? all : all.filter(([, members]) => members === panelNamed(panels, name));
}

/** The CLI of that name, or those of a panel, each once. */
function namedBy({ config, providers }: Engine, name: string): Provider[] {
  const members = panelNamed(config.panels, name);
  if (!members) return [knownProvider(providers, name, Object.keys(config.panels))];
  return [
    ...new Set(members.flatMap((each) => parseChain(providers, each, undefined).map(({ provider }) => provider))),
  ];
}

/** "3 jobs, 41k tokens, $0.12 today", of which only what is known. */
function todayPhrase({ today }: ProviderView): string | undefined {
  if (!today) return undefined;
  const { jobs, inputTokens, outputTokens, costUsd } = today;
  const tokens = (inputTokens ?? 0) + (outputTokens ?? 0);
  const parts = [
    jobs > 0 && `${jobs} job${jobs > 1 ? 's' : ''}`,
    tokens > 0 && `${shortCount(tokens)} tokens`,
    costUsd && dollars(costUsd),
  ].filter(Boolean);
  return parts.length > 0 ? `${parts.join(', ')} today` : undefined;
}
