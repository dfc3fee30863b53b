// A provider made of configuration: a CLI that Sidejob does not know, told in ten lines. docs/adding-a-provider.md
// shows how.
import type { Definition, EventRule, ProviderSettings } from '../config/provider-settings.js';
import { failure } from './classify.js';
import { toolEvent, usageEvent } from './events.js';
import { isObject, type Json } from './json.js';
import {
  ACCESS_LEVELS,
  EFFORT_LEVELS,
  type Invocation,
  type Login,
  type Provider,
  type ProviderEvent,
  type ProviderRequest,
  type ReadFailure,
  type Usage,
} from './provider.js';

export function customProvider(name: string, definition: ProviderSettings & { command: string }): Provider {
  const { output = 'text', events = [], fresh, resume, interactive, access = { 'read-only': [] } } = definition;
  const rules = events.map(compile);
  const { title = name, install = `see the documentation of ${definition.command}` } = definition;
  return {
    name,
    title,
    vendor: definition.vendor ?? name,
    clients: [],
    command: definition.command,
    install,
    login: definition.login ?? `see the documentation of ${title}`,
    logins: [
      ...(definition.loginEnv ?? []).map((env): Login => ({ kind: 'api key', env })),
      ...(definition.loginFiles ?? []).map((file): Login => ({ kind: 'account', file })),
    ],
    loginEnv: definition.loginEnv ?? [],
    dropEnv: [],
    accessLevels: ACCESS_LEVELS.filter((level) => access[level]),
    effortLevels: definition.effort ? EFFORT_LEVELS : [],
    takesModel: definition.model !== undefined,
    systemPrompt: definition.system !== undefined,
    sessionId: resume ? (fresh ? 'chosen' : 'reported') : 'none',
    extras: ['args'],
    models: definition.models ?? [],
    promptBy: Array.isArray(definition.prompt) ? 'argv' : 'stdin',
    startGapMs: definition.startGapMs,
    output,
    finalEvent: events.some(({ end }) => end === 'ok'),
    needles: [],
    tailHoldsAnswer: false,
    invoke: (request) => invoke(definition, request),
    ...(interactive && {
      interactive: (sessionId) => interactive.map((word) => word.replaceAll('{session}', () => sessionId)),
    }),
    read: (record) => rules.flatMap((rule) => rule(record)),
  };
}

function invoke(definition: Definition, request: ProviderRequest): Invocation {
  const { access = { 'read-only': [] }, accessEnv, model, effort, system, fresh, resume, prompt } = definition;
  // The folder first: what a caller says is never read as a template.
  const inFolder = (word: string) => word.replaceAll('{cwd}', () => request.cwd);
  const fill = (words: readonly string[] | undefined, mark: string, value: string | undefined) =>
    value === undefined
      ? []
      : (words ?? []).map((word) =>
          inFolder(word).replaceAll(`{${mark}}`, () => (word === `{${mark}}` ? noFlag(value) : value)),
        );
  const args = [
    ...(request.extras.args ?? []).map(inFolder),
    ...(access[request.access] ?? []).map(inFolder),
    ...fill(request.resume ? resume : fresh, 'session', request.sessionId),
    ...fill(model, 'model', request.model ?? definition.defaultModel),
    ...fill(effort, 'effort', request.effort),
    ...fill(system, 'system', request.resume ? undefined : request.systemPrompt),
    // Last, because it may be a positional argument.
    ...(Array.isArray(prompt) ? fill(prompt, 'prompt', request.prompt) : []),
  ];
  return { args, env: { ...accessEnv?.[request.access] } };
}

/** A text that stands alone as an argument, so that it is not read as a flag. (Names that begin so are refused before.) */
function noFlag(text: string): string {
  return text.startsWith('-') ? ` ${text}` : text;
}

/** One rule as a function of a record. */
function compile(rule: EventRule): (record: Json) => ProviderEvent[] {
  const conditions = Object.entries(rule.when ?? {});
  return (record) => {
    if (!conditions.every(([path, value]) => valuesAt(record, path).includes(value))) return [];
    const text = (path: string | undefined) => (path === undefined ? undefined : textAt(record, path));
    const events: ProviderEvent[] = [];
    const [session, model, said, thinking, answer, tool] = [
      text(rule.session),
      text(rule.model),
      text(rule.text),
      text(rule.thinking),
      text(rule.answer),
      text(rule.tool),
    ];
    if (session) events.push({ type: 'session', sessionId: session, ...(model && { model }) });
    if (thinking) events.push({ type: 'thinking', text: thinking });
    if (said) events.push({ type: 'text', text: said, ...(rule.delta && { delta: true }) });
    if (tool) events.push(toolEvent(tool, toolInput(record, rule.toolInput)));
    if (rule.usage) events.push(usageEvent(usageOf(record, rule.usage)));
    const error = rule.error === undefined ? undefined : errorAt(record, rule.error);
    if (error) events.push({ type: 'error', ...errorOf(error, rule.end === 'error') });
    if (answer) events.push({ type: 'answer', text: answer });
    if (rule.end) events.push({ type: 'end', ok: rule.end === 'ok' });
    return events;
  };
}

/**
 * What an error of an unknown CLI means. It ends the job at once only if the rule says that the run is over with it:
 * tools report errors, too. A status of 404 may be about anything.
 */
function errorOf(words: string, isEnd: boolean): ReadFailure {
  const found = failure(words);
  const kind = found.kind === 'model_not_found' && !/model/i.test(words) ? 'provider_error' : found.kind;
  return { ...found, kind, fatal: isEnd && kind === found.kind && found.fatal };
}

function toolInput(record: Json, path: string | undefined): Json {
  const [value] = path === undefined ? [] : valuesAt(record, path);
  return isObject(value) ? value : { command: typeof value === 'string' ? value : undefined };
}

function usageOf(record: Json, paths: NonNullable<EventRule['usage']>): Usage {
  const counts = Object.entries(paths).map(([field, path]) => {
    const [value] = valuesAt(record, path);
    return [field, typeof value === 'number' && Number.isFinite(value) ? value : undefined];
  });
  return Object.fromEntries(counts);
}

function textAt(record: Json, path: string): string | undefined {
  const texts = valuesAt(record, path).filter((value) => typeof value === 'string');
  return texts.length > 0 ? texts.join('') : undefined;
}

/** An error may be a text, or an object that holds one. */
function errorAt(record: Json, path: string): string | undefined {
  const [value] = valuesAt(record, path);
  if (typeof value === 'string') return value;
  return isObject(value) ? JSON.stringify({ error: value }) : undefined;
}

/** All values at a path: `a.b`, `a[0].b`, or `a[].b` for each of a list. */
function valuesAt(record: unknown, path: string): unknown[] {
  const steps = [...path.matchAll(/[\w$-]+|\[(\d*)\]/g)];
  return steps.reduce<unknown[]>(
    (values, [step, index]) =>
      values.flatMap((value) => {
        if (index === undefined) return isObject(value) && Object.hasOwn(value, step) ? [value[step]] : [];
        if (!Array.isArray(value)) return [];
        return index === '' ? value : value.slice(Number(index), Number(index) + 1);
      }),
    [record],
  );
}
