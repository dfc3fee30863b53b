// What the pages name exists: commands and options, settings and arguments, variables, tools, files, npm scripts.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { entryOf } from '../../src/cli/commands.js';
import { KNOWN_VARIABLES } from '../../src/jobs/health.js';
import { parseArguments } from '../../src/mcp/arguments.js';
import { TOOLS } from '../../src/mcp/registry.js';
import { commandLines } from './not-run.js';
import { BLOCKS, inlineCode, PAGES, ROOT, textOf } from './pages.js';
import { allOptions, commandProblem, FOREIGN, knownKeys, namesPath, pathIsThere } from './words.js';

const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const OPTIONS = await allOptions();
const KEYS = knownKeys();

/** Pages that name options of other programs. */
const OF_OTHERS = ['clients.md', 'providers.md', 'adding-a-provider.md', 'releasing.md', 'CONTRIBUTING.md'];
const FOREIGN_OPTIONS = ['--trust', '--approval-mode'];
/** Keys of what --json prints, which command-line-look.test.ts compares with what is printed. */
const JSON_KEYS = new Set(
  [...textOf('docs/command-line.md').matchAll(/^\| .* \| (`\w+`(?:, `\w+`)*) \|$/gm)].flatMap(
    ([, keys = '']) => keys.match(/\w+/g) ?? [],
  ),
);

describe.each(PAGES)('%s', (page) => {
  const code = inlineCode(page);
  const text = textOf(page);
  const lines = BLOCKS.filter((block) => block.page === page).flatMap((block) => commandLines(block.text));

  test('commands of Sidejob, with their options', async () => {
    for (const span of [...code, ...lines]) {
      for (const [, line = ''] of span.matchAll(
        /(?:^|[|(&] ?|npx -y )(?:\$ )?(?:node \S*dist\/)?sidejob(?:\.js)? ((?! ).*)/g,
      )) {
        if (!/^\s/.test(line)) expect(await commandProblem(line), `sidejob ${line}`).toBeUndefined();
      }
    }
  });

  test('the words that would do as well: "# or: one, another"', async () => {
    for (const line of lines) {
      const [, command = '', others = ''] = /sidejob(?:\.js)? (.*) \S+ +# or: (.*)$/.exec(line) ?? [];
      for (const other of others.split(', ')) expect(await commandProblem(`${command} ${other}`), line).toBeUndefined();
    }
  });

  test('commands in short, with options', async () => {
    for (const span of code.filter((each) => entryOf(each.split(' ')[0] ?? '') && / -/.test(each))) {
      expect(await commandProblem(span), span).toBeUndefined();
    }
  });

  test('settings, arguments and keys', () => {
    for (const span of code) {
      const [, key] = /^([a-z]+(?:[A-Z][a-z]*|_[a-z]+)+)(?: = .*)?$/.exec(span) ?? [];
      if (key === undefined || (key.includes('_') && !span.includes(' = '))) continue;
      expect(KEYS.has(key) || JSON_KEYS.has(key), span).toBe(true);
    }
  });

  test('variables, tools and npm scripts', () => {
    for (const [name] of text.matchAll(/\bSIDEJOB_[A-Z_]+[A-Z]\b/g)) expect(KNOWN_VARIABLES, name).toContain(name);
    const tools = TOOLS.map(({ name }) => name);
    for (const [name] of text.matchAll(/\bllm_[a-z_]*[a-z]\b/g)) expect(tools, name).toContain(name);
    for (const [, name = ''] of text.matchAll(/\bnpm run ([a-z][a-z0-9:-]*[a-z0-9])/g))
      expect(scripts, name).toHaveProperty([name]);
  });

  test("arguments of tools, in the short form of the skill's", () => {
    for (const span of code) {
      const [, name, args = ''] = /^(llm_\w+) \{(.*)\}$/.exec(span) ?? [];
      const tool = TOOLS.find((each) => each.name === name);
      if (tool && args.startsWith('"')) parseArguments(tool, JSON.parse(`{${args}}`));
      else
        for (const [, key] of args.replace(/"[^"]*"(?!:)|\[[^\]]*\]|: true\b/g, '').matchAll(/(\w+)/g)) {
          expect(Object.keys(tool?.input.shape ?? {}), span).toContain(key);
        }
    }
  });

  test('files and folders of the repository', () => {
    for (const span of code.filter(namesPath)) expect(pathIsThere(page, span), span).toBe(true);
  });
});

const OWN_ALONE = PAGES.filter((page) => !OF_OTHERS.some((other) => page.endsWith(other)));
test.each(OWN_ALONE)('%s: options on their own', (page) => {
  for (const span of inlineCode(page).filter((each) => each.startsWith('--'))) {
    const [name = ''] = span.split(/[ =]/);
    if (!FOREIGN_OPTIONS.includes(name)) expect(OPTIONS, span).toContain(name);
  }
});

test('what is let through is named somewhere', () => {
  const all = PAGES.flatMap(inlineCode).join('\n');
  for (const name of [...FOREIGN.words, ...FOREIGN.paths, ...FOREIGN_OPTIONS]) expect(all).toContain(name);
  for (const other of OF_OTHERS) expect(PAGES.some((page) => page.endsWith(other))).toBe(true);
});

test.each([
  ['lst', 'no command'],
  ['list --everything', 'everything'],
  ['policy begin', 'no "begin"'],
  ['mcp install emacs', 'emacs'],
  ['config show|edit|forget', 'no "'],
])('sidejob %s would be noticed', async (line, problem) => {
  expect(await commandProblem(line)).toContain(problem);
});
