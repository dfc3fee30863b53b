import { z } from 'zod';
import { isModelAllowed, isProviderAllowed } from '../../jobs/allowed.js';
import { chooseProvider, knownProvider } from '../../jobs/choose.js';
import { dollars, localTime, shortCount } from '../../jobs/figures.js';
import { modelsOf } from '../../jobs/models.js';
import { describeProviders, type ProviderView } from '../../jobs/providers.js';
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
    const wanted = provider === undefined ? engine.providers : [knownProvider(engine.providers, provider)];
    const views = await describeProviders(engine, wanted);
    // Asked about one, the CLI itself is asked; about all, that would take seconds.
    const [only] = provider === undefined ? [] : wanted;
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
    const panels = provider === undefined ? Object.entries(engine.config.panels) : [];
    for (const [name, members] of panels) lines.push(`Panel "${name}" (for providers): ${members.join(', ')}.`);
    return {
      text: lines.join('\n'),
      data: {
        providers: views,
        ...(chosen && { defaultProvider: chosen.name }),
        ...(panels.length > 0 && { panels: Object.fromEntries(panels) }),
      },
    };
  },
});

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
