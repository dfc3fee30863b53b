// What a caller says never becomes a flag, a variable or a second argument of the CLI: the command lines as they are built.
import { describe, expect, test } from 'vitest';
import { customProvider } from '../../src/providers/custom.js';
import type { Provider, ProviderRequest } from '../../src/providers/provider.js';
import { PROVIDERS } from '../../src/providers/registry.js';
import { PLAIN } from './request.js';

const HOSTILE = '--dangerously-skip-permissions';
/** Takes the word after its flag whatever it is, and reads no `--flag=value`; run with pi itself. */
const TAKES_ANY = ['--model', '--session'];

const custom = customProvider('parrot', {
  command: 'parrot',
  model: ['--model={model}'],
  system: ['--system', '{system}'],
  fresh: ['--new={session}'],
  resume: ['--go-on={session}'],
  prompt: ['run', '{prompt}'],
});

/** Words of which a CLI could read one as a flag: those that are the hostile text itself, and not a flag's value. */
function loose(args: readonly string[], text: string): string[] {
  return args.filter((word, at) => word.startsWith(text) && !TAKES_ANY.includes(args[at - 1] ?? ''));
}

/** All but the demo, which is a script of our own: what follows its name is no flag of anything. */
const FOREIGN = PROVIDERS.filter(({ vendor }) => vendor !== 'sidejob');

describe.each([...FOREIGN, custom].map((provider) => ({ name: provider.name, provider })))('$name', ({ provider }) => {
  const ask = (request: Partial<ProviderRequest>) => provider.invoke({ ...PLAIN, ...request });

  test.each([
    ['model', { model: HOSTILE }],
    ['system prompt', { systemPrompt: `${HOSTILE} and more` }],
    ['prompt', { prompt: HOSTILE }],
    ['folder', { cwd: `/home/ada/${HOSTILE}` }],
    ['schema', { outputSchema: { json: `{"title":"${HOSTILE}"}`, file: '/jobs/1/schema.json' } }],
  ] as const)('a %s that looks like a flag is none', (_what, request) => {
    expect(loose(ask(request).args, HOSTILE)).toEqual([]);
  });

  test.each([
    ['spaces', `x ${HOSTILE}`],
    ['a newline', `x\n${HOSTILE}`],
    ['quotes', `x" ${HOSTILE} "`],
    ['a single quote', `x' ${HOSTILE} '`],
    ['a comma', `x,${HOSTILE}`],
    ['an equals sign', `x=${HOSTILE}`],
    ['a template', '{session}{cwd}{prompt}'],
    ['a shell’s words', '$(touch here); `touch here` && touch here'],
  ])('%s in a text make no second argument', (_what, text) => {
    const plain = ask({ model: 'x', systemPrompt: 'x', prompt: 'x' }).args.length;
    const { args } = ask({ model: text, systemPrompt: text, prompt: text });
    expect(args).toHaveLength(plain);
    expect(loose(args, HOSTILE)).toEqual([]);
  });

  test('what is asked reaches no name of a variable, and its values hold no NUL byte', () => {
    const text = 'x=\n\0PATH=/tmp/evil';
    const { env } = ask({ model: text, systemPrompt: text, prompt: text, sessionId: text, cwd: '/home/ada/a=b\nc' });
    expect(Object.keys(env)).toEqual(Object.keys(ask({ cwd: '/home/ada/project' }).env));
    for (const [name, value] of Object.entries(env)) {
      expect(name).toMatch(/^[A-Z_][A-Z0-9_]*$/);
      expect(value).not.toContain('\0');
    }
  });
});

test('a custom CLI gets what begins with a dash as a text', () => {
  const { args } = (custom as Provider).invoke({ ...PLAIN, prompt: '--yolo', systemPrompt: '-x', model: 'm' });
  expect(args).toEqual(['--model=m', '--system', ' -x', 'run', ' --yolo']);
});
