// What kinds of fenced blocks the pages have, how each is known, and how it is proved.
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { type Schema, Validator } from '@cfworker/json-schema';
import { parse as parseJsonc } from 'jsonc-parser';
import { parse } from 'smol-toml';
import { expect } from 'vitest';
import { overviewOfCommands } from '../../src/cli/help.js';
import { CLIENTS } from '../../src/cli/mcp/clients.js';
import { mcpCommand } from '../../src/cli/mcp/command.js';
import { configJsonSchema } from '../../src/config/json-schema.js';
import { checkedConfig } from '../../src/jobs/checked-config.js';
import { finishedJob } from '../../src/jobs/on-finish.js';
import { parseArguments } from '../../src/mcp/arguments.js';
import { TOOLS } from '../../src/mcp/registry.js';
import { policyJsonSchema } from '../../src/policy/dialect.js';
import { parsePolicy } from '../../src/policy/parse.js';
import { PROVIDERS } from '../../src/providers/registry.js';
import { answering, testEngine } from '../support/engine.js';
import { tempFolder } from '../support/temp-folder.js';
import { type Block, blocksOf, isShell, ROOT } from './pages.js';

export interface Kind {
  is(block: Block): boolean;
  /** Absent: test/e2e/docs-commands.test.ts runs it. */
  check?(block: Block): void | Promise<void>;
}

const isJson = ({ language }: Block) => language === 'json' || language === 'jsonc';
const jsonWith = (key: RegExp) => (block: Block) => isJson(block) && key.test(block.text.slice(0, 40));
const plain = (begin: RegExp) => (block: Block) => block.language === '' && begin.test(block.text);

/** `json` is strict, as those who paste it are; `jsonc` may have comments. */
function parsedJson({ language, text }: Block) {
  return language === 'json' ? JSON.parse(text) : parseJsonc(text, [], { disallowComments: false });
}

const fits = (schema: Record<string, unknown>, value: unknown) =>
  expect(new Validator(schema as Schema, '2020-12').validate(value)).toMatchObject({ valid: true });

export const KINDS: Readonly<Record<string, Kind>> = {
  'a policy': {
    is: jsonWith(/"version"/),
    async check(block) {
      expect((await parsePolicy(block.text, 'p')).warnings).toEqual([]);
      fits(policyJsonSchema(), parsedJson(block));
    },
  },
  "a client's entry": { is: jsonWith(/"(mcpServers|servers)"/), check: clientEntry },
  'a job that has ended': { is: jsonWith(/"jobId"/), check: endedJob },
  'a configuration': { is: ({ language }) => language === 'toml', check: configuration },
  'shell commands': { is: isShell },
  'a command with its output': { is: plain(/^\$ /) },
  "a client's command": { is: plain(/^\//) },
  'calls of tools': { is: plain(/^> llm_/), check: transcript },
  'sidejob help': {
    is: plain(/^(Sidejob \d|Ask$)/m),
    check: ({ text }) => expect(stripVTControlCharacters(overviewOfCommands())).toContain(text.trimEnd()),
  },
  'an error': { is: plain(/^bad_config: /), check: configurationError },
  'a map of the repository': { is: plain(/^src\/$/m), check: map },
  // Compared with a real one by docs-commands.test.ts.
  'the data folder': { is: plain(/^config\.toml /) },
};

/** What `mcp print` prints for one of the clients, with this server. */
async function clientEntry(block: Block) {
  const shapes: unknown[] = [];
  for (const { name, format } of CLIENTS) {
    let printed = '';
    const stdout = (text: string) => {
      printed += text;
    };
    const entry = { command: 'node', args: ['/path/to/sidejob/dist/sidejob.js'] };
    const machine = { env: {}, home: '/home/ada', platform: 'linux' } as const;
    await mcpCommand(['print', name], { stdout, stderr: () => {}, entry, ...machine });
    if (format !== 'toml') shapes.push(parseJsonc(printed));
  }
  expect(shapes).toContainEqual(parsedJson(block));
}

/** It has no keys but those that such jobs have, and the main ones of them; the answer is not among them. */
async function endedJob(block: Block) {
  const shown = parsedJson(block);
  const { engine, submit, ended } = await testEngine();
  const job = await ended(await submit(answering('x')));
  const sometimes = [
    'reason',
    'signal',
    'model',
    'label',
    'error',
    'usage',
    'hint',
    'continues',
    'resetsAt',
    'project',
  ];
  const known = new Set([...sometimes, ...Object.keys(await finishedJob(engine, job))]);
  for (const key of Object.keys(shown)) expect(known).toContain(key);
  for (const key of ['jobId', 'status', 'sessionId', 'login', 'usage']) expect(shown).toHaveProperty(key);
  expect(shown).not.toHaveProperty('answer');
}

async function loaded(text: string, path?: string) {
  const file = path ?? join(await tempFolder(), 'config.toml');
  await writeFile(file, text);
  return checkedConfig(file, {}, PROVIDERS);
}

async function configuration({ page, text }: Block) {
  // One that begins within a table goes on with the page's first.
  const whole = text.startsWith('output = ') ? `${blocksOf(page, 'toml')[0]}${text}` : text;
  await loaded(whole);
  fits(configJsonSchema(), parse(whole));
}

/** Such a mistake, made on that line, is told in these words. */
async function configurationError({ text }: Block) {
  const [, shownPath = '', line = '', key = ''] = /^bad_config: (\S+?):(\d+): "(\w+)"/.exec(text) ?? [];
  const path = join(await tempFolder(), 'config.toml');
  const message = text.trim().replace('bad_config: ', '').replace(shownPath, path);
  await expect(loaded(`${'\n'.repeat(Number(line) - 1)}${key} = 2\n`, path)).rejects.toMatchObject({
    code: 'bad_config',
    message: expect.stringContaining(message),
  });
}

function transcript({ text }: Block) {
  const calls = [...text.matchAll(/^> (llm_\w+) (\{[\s\S]*?\})$/gm)];
  expect(calls).toHaveLength(text.match(/^> /gm)?.length ?? 0);
  for (const [, name, args = ''] of calls) {
    const tool = TOOLS.find((each) => each.name === name);
    if (!tool) throw new Error(`no tool ${name}`);
    // A long text is broken for the page's sake.
    parseArguments(tool, JSON.parse(args.replace(/\n +/g, ' ')));
  }
}

/** Every file and folder of it is there. */
function map({ text }: Block) {
  let top = '';
  for (const [, indent = '', name = ''] of text.matchAll(/^( *)(\S+)(?: |$)/gm)) {
    if (indent === '') top = name;
    expect(existsSync(join(ROOT, indent === '' ? name : join(top, name))), name).toBe(true);
  }
}
