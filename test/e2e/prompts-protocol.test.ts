// The prompts that a person picks in the client: what they ask for, and what is completed.
import { expect } from 'vitest';
import { ERAS } from '../support/assistant.js';
import { test } from '../support/e2e.js';

/** Arguments that are needed, marked with `!`. */
const PROMPTS = {
  delegate: ['task!', 'provider'],
  'second-opinion': ['question', 'provider'],
  compare: ['question!', 'providers', 'judge'],
  'review-changes': ['about', 'base', 'providers'],
};

test.concurrent.for(ERAS)('the prompts and their arguments are listed, %s', async (era, { sandbox }) => {
  const assistant = await sandbox.assistant({ era });

  const prompts = await assistant.prompts();

  const listed = prompts.map(({ name, arguments: given = [] }) => [
    name,
    given.map((each) => `${each.name}${each.required ? '!' : ''}`),
  ]);
  expect(Object.fromEntries(listed)).toEqual(PROMPTS);
  expect(prompts.every(({ description }) => description)).toBe(true);
  expect(assistant.complaints).toEqual([]);
});

test.concurrent.for(ERAS)(
  'a prompt leads to the tools that there are, with what was given, %s',
  async (era, { sandbox }) => {
    const assistant = await sandbox.assistant({ era });
    const tools = (await assistant.tools()).map(({ name }) => name);
    const given = {
      task: 'Port src/ to ESM.\n"Quotes"',
      question: 'Which cache?',
      provider: 'codex',
      providers: ' claude, gemini ,',
      judge: 'auto',
      about: 'The cart counts all.',
      base: 'v1.0',
    };

    for (const [name, args] of Object.entries(PROMPTS)) {
      const names = args.map((each) => each.replace('!', '')) as (keyof typeof given)[];
      const text = await assistant.prompt(name, Object.fromEntries(names.map((each) => [each, given[each]])));

      const called = text.match(/\bllm_\w+/g) ?? [];
      expect(called.length, name).toBeGreaterThan(0);
      for (const tool of called) expect(tools, name).toContain(tool);
      for (const each of names) {
        const shown = {
          provider: 'provider:"codex"',
          providers: 'providers:["claude","gemini"]',
          judge: 'judge:"auto"',
        };
        expect(text, name).toContain(each in shown ? shown[each as keyof typeof shown] : given[each]);
      }
      expect(text.length, name).toBeLessThan(1_300);
    }
  },
);

test.concurrent('what is left out is not spoken of', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();

  for (const [name, args] of Object.entries(PROMPTS)) {
    const needed = args.filter((each) => each.endsWith('!')).map((each) => [each.slice(0, -1), 'ESM?']);
    const text = await assistant.prompt(name, Object.fromEntries(needed));

    expect(text, name).not.toMatch(/undefined|provider:|judge|\n{3}| $/m);
    expect(text, name).toMatch(/\S$/);
  }
});

test.concurrent.for(ERAS)('what is missing and what is unknown is named, %s', async (era, { sandbox }) => {
  const assistant = await sandbox.assistant({ era });

  await expect(assistant.prompt('delegate')).rejects.toMatchObject({
    code: -32602,
    message: expect.stringContaining('delegate: task is missing'),
  });
  await expect(assistant.prompt('compare', { question: ' ' })).rejects.toThrow('question is missing');
  await expect(assistant.prompt('refactor')).rejects.toMatchObject({
    code: -32602,
    message: expect.stringContaining('There are delegate, second-opinion, compare, review-changes.'),
  });
  await expect(assistant.complete({ prompt: 'refactor' }, 'provider', '')).rejects.toMatchObject({ code: -32602 });
});

test.concurrent.for(ERAS)('providers are completed, those that are ready first, %s', async (era, { sandbox }) => {
  await sandbox.uninstall('claude');
  const assistant = await sandbox.assistant({ era });
  const complete = async (prompt: string, argument: string, value: string) =>
    (await assistant.complete({ prompt }, argument, value)).values;

  const all = await complete('delegate', 'provider', '');
  expect(all.indexOf('claude')).toBeGreaterThan(all.indexOf('gemini'));
  expect(await complete('second-opinion', 'provider', 'CO')).toEqual(['codex', 'copilot']);
  expect(await complete('compare', 'providers', 'codex, co')).toEqual(['codex,copilot']);
  expect(await complete('compare', 'providers', 'gemini,x')).toEqual([]);
  expect(await complete('compare', 'judge', 'co')).toEqual(['codex', 'copilot']);
  expect(await complete('delegate', 'task', 'c')).toEqual([]);
});
