// The recipes: each is a provider as it stands, says where it comes from, and keeps a prompt a prompt.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'smol-toml';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/config.js';
import { PROVIDER_SETTINGS } from '../../src/config/provider-settings.js';
import { withCustomProviders } from '../../src/jobs/custom-providers.js';
import { customProvider } from '../../src/providers/custom.js';
import { emptyFold, foldEvents, readLine } from '../../src/providers/fold.js';
import type { Provider, ProviderRequest } from '../../src/providers/provider.js';
import { PROVIDERS } from '../../src/providers/registry.js';
import { PLAIN } from './request.js';

const FOLDER = new URL('../../recipes/', import.meta.url);
const NAMES = readdirSync(FOLDER).map((file) => file.replace(/\.toml$/, ''));
const fileOf = (name: string) => fileURLToPath(new URL(`${name}.toml`, FOLDER));
const textOf = (name: string) => readFileSync(fileOf(name), 'utf8');

function providerOf(name: string): Provider {
  const { providers } = parse(textOf(name)) as { providers: Record<string, unknown> };
  const { command = '', ...settings } = PROVIDER_SETTINGS.parse(providers[name]);
  return customProvider(name, { ...settings, command });
}

/** The command line for a request, as the engine makes it: with the arguments of the owner. */
function argvOf(name: string, request: Partial<ProviderRequest>): string[] {
  const { providers } = parse(textOf(name)) as { providers: Record<string, { args?: string[] }> };
  const provider = providerOf(name);
  const [access = 'read-only'] = provider.accessLevels;
  const { args } = provider.invoke({
    ...PLAIN,
    access,
    extras: { args: providers[name]?.args },
    ...(provider.promptBy === 'argv' && { prompt: 'Hi' }),
    ...request,
  });
  return [provider.command, ...args];
}

/** What a run that printed this has come to. */
function folded(name: string, stdout: string) {
  const provider = providerOf(name);
  const pieces = provider.output === 'document' ? [stdout] : stdout.trim().split('\n');
  return pieces.reduce((state, piece) => foldEvents(state, readLine(provider, piece)), emptyFold());
}

test('there are recipes, and nothing else beside them', () => {
  expect(NAMES.length).toBeGreaterThan(10);
  expect(readdirSync(FOLDER)).toEqual(NAMES.map((name) => `${name}.toml`));
});

describe.each(NAMES)('%s', (name) => {
  test('is one table of its own name, which the configuration takes', async () => {
    const parsed = parse(textOf(name)) as { providers: Record<string, unknown> };
    expect(Object.keys(parsed)).toEqual(['providers']);
    expect(Object.keys(parsed.providers)).toEqual([name]);
    const config = await loadConfig(fileOf(name), {});
    expect(withCustomProviders(PROVIDERS, config).map((each) => each.name)).toContain(name);
    expect(PROVIDERS.map((each) => each.name)).not.toContain(name);
  });

  test('says what it is, that it was not run, and where it comes from', () => {
    const [head = ''] = textOf(name).split('\n[providers.');
    expect(head.split('\n').every((line) => line.startsWith('#'))).toBe(true);
    expect(head).toContain('Not run by us');
    expect(head).toMatch(/^# Source: .*(?:https:\/\/|--help)/m);
    expect(head).toMatch(/20\d\d/);
    const { title, vendor, install, login, accessLevels } = providerOf(name);
    expect({ title, vendor, install, login, accessLevels }).toEqual({
      title: expect.stringMatching(/./),
      vendor: expect.stringMatching(/^[a-z]+$/),
      install: expect.not.stringContaining('see the documentation'),
      login: expect.not.stringContaining('see the documentation'),
      accessLevels: expect.arrayContaining([expect.any(String)]),
    });
    // Without the key, it would be read-only: right for what has no tools, and then it is said.
    expect(textOf(name)).toMatch(/^(?:access = |\[providers\.\w+\.access\])/m);
  });

  test('keeps a prompt that looks like a flag from being one', () => {
    const argv = argvOf(name, { prompt: '--yolo' });
    if (providerOf(name).promptBy === 'argv') expect(argv.at(-1)).toMatch(/^.+--yolo$/s);
    else expect(argv.join(' ')).not.toContain('--yolo');
  });
});

describe('command lines', () => {
  const ID = '948b5512-8e30-4382-8dae-cb64001236fa';

  test('cursor', () => {
    expect(argvOf('cursor', { model: 'gpt-5' }).join('|')).toMatchInlineSnapshot(
      `"agent|--print|--output-format|json|--mode=ask|--model|gpt-5| Hi"`,
    );
    expect(argvOf('cursor', { resume: true, sessionId: ID }).join('|')).toMatchInlineSnapshot(
      `"agent|--print|--output-format|json|--mode=ask|--resume|948b5512-8e30-4382-8dae-cb64001236fa| Hi"`,
    );
    expect(argvOf('cursor', { access: 'full' }).join('|')).toMatchInlineSnapshot(
      `"agent|--print|--output-format|json|--force| Hi"`,
    );
  });

  test('goose', () => {
    expect(
      argvOf('goose', { sessionId: ID, model: 'gpt-5', systemPrompt: '- Be brief.' }).join('|'),
    ).toMatchInlineSnapshot(
      `"goose|run|--quiet|--instructions|-|--name|948b5512-8e30-4382-8dae-cb64001236fa|--model|gpt-5|--system=- Be brief."`,
    );
    expect(argvOf('goose', { resume: true, sessionId: ID }).join('|')).toMatchInlineSnapshot(
      `"goose|run|--quiet|--instructions|-|--resume|--name|948b5512-8e30-4382-8dae-cb64001236fa"`,
    );
  });

  test('droid', () => {
    expect(argvOf('droid', { effort: 'high', model: 'm' }).join('|')).toMatchInlineSnapshot(
      `"droid|exec|--output-format|json|--model|m|--reasoning-effort|high"`,
    );
    expect(argvOf('droid', { access: 'edit', resume: true, sessionId: ID }).join('|')).toMatchInlineSnapshot(
      `"droid|exec|--output-format|json|--auto|low|--session-id|948b5512-8e30-4382-8dae-cb64001236fa"`,
    );
  });

  test('ollama and llm', () => {
    expect(argvOf('ollama', { model: 'gemma4', effort: 'low' }).join('|')).toMatchInlineSnapshot(
      `"ollama|run|--nowordwrap|--hidethinking|gemma4|--think=low"`,
    );
    expect(argvOf('llm', { resume: true, sessionId: ID }).join('|')).toMatchInlineSnapshot(
      `"llm|prompt|--json|--conversation=948b5512-8e30-4382-8dae-cb64001236fa"`,
    );
    expect(argvOf('openai', { model: 'm', effort: 'low' }).join('|')).toMatchInlineSnapshot(
      `"llm|openai|endpoint|https://api.openai.com/v1|--key|openai|--hide-reasoning|--model=m|--option|reasoning_effort|low"`,
    );
  });

  test('aider: a prompt that begins with a slash is no command', () => {
    expect(argvOf('aider', { prompt: '/run ls' }).at(-1)).toBe('--message= /run ls');
  });

  test('vibe and auggie, to read only', () => {
    expect(argvOf('vibe', {}).join('|')).toMatchInlineSnapshot(
      `"vibe|--agent|plan|--enabled-tools|read|--enabled-tools|grep|--prompt=Hi"`,
    );
    expect(argvOf('auggie', {}).join('|')).toMatchInlineSnapshot(
      `"auggie|--print|--quiet|--ask|--permission|launch-process:deny|--instruction=Hi"`,
    );
  });
});

describe('what the documentation says that they print', () => {
  test.each(['cursor', 'droid'])('%s: one object', (name) => {
    const record = { type: 'result', subtype: 'success', is_error: false, result: 'Done.', session_id: 'c-1' };
    expect(folded(name, `${JSON.stringify(record, undefined, 2)}\n`)).toMatchObject({
      answer: 'Done.',
      sessionId: 'c-1',
      end: 'ok',
    });
  });

  test('droid: an error is none of the answers', () => {
    const record = { type: 'result', is_error: true, result: 'No such model.', session_id: 'c-1' };
    expect(folded('droid', JSON.stringify(record))).toMatchObject({ answer: '', end: 'error', sessionId: 'c-1' });
  });

  test('amp: a stream', () => {
    const lines = [
      { type: 'system', subtype: 'init', session_id: 'T-1', tools: ['Bash'] },
      { type: 'user', message: { content: [{ type: 'text', text: '2+2?' }] } },
      { type: 'assistant', message: { content: [{ type: 'text', text: '2 + 2 equals 4.' }] } },
      { type: 'result', subtype: 'success', is_error: false, result: '4.' },
    ].map((record) => JSON.stringify(record));
    expect(folded('amp', lines.slice(0, 3).join('\n'))).toMatchObject({ sessionId: 'T-1', answer: '2 + 2 equals 4.' });
    expect(folded('amp', lines.join('\n'))).toMatchObject({ answer: '4.', end: 'ok' });
  });

  test('kimi: the last message is the answer', () => {
    const call = { type: 'function', id: 'tc_1', function: { name: 'Shell', arguments: '{"command":"ls"}' } };
    const lines = [
      { role: 'assistant', content: 'Let me look.', tool_calls: [call] },
      { role: 'tool', tool_call_id: 'tc_1', content: 'a.py' },
      { role: 'assistant', content: 'There is a.py.' },
      { role: 'meta', type: 'session.resume_hint', session_id: 'k-1', content: 'To resume …' },
    ].map((record) => JSON.stringify(record));
    expect(folded('kimi', lines.slice(0, 1).join('\n')).activity).toContain('Shell');
    expect(folded('kimi', lines.join('\n'))).toMatchObject({ answer: 'There is a.py.', sessionId: 'k-1' });
  });

  test('llm: a list of one', () => {
    const record = { response: 'Hello!', conversation_id: '01j', model: 'm', input_tokens: 8, output_tokens: 12 };
    expect(folded('llm', JSON.stringify([record], undefined, 2))).toMatchObject({
      answer: 'Hello!',
      sessionId: '01j',
      model: 'm',
      usage: { inputTokens: 8, outputTokens: 12 },
    });
  });
});
