// CLIs that are not built in: told in the configuration, run like any other.
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { sidejob } from '../support/command-line.js';
import { test } from '../support/e2e.js';
import type { Sandbox } from '../support/sandbox.js';
import { asks } from '../support/steps.js';

/** Puts a program on the sandbox's PATH. It finds nothing but node there. */
async function install(sandbox: Sandbox, name: string, script: string): Promise<void> {
  const path = join(sandbox.bin, name);
  await writeFile(path, script);
  await chmod(path, 0o755);
}

async function configure(sandbox: Sandbox, toml: string): Promise<void> {
  await mkdir(sandbox.home, { recursive: true });
  await writeFile(join(sandbox.home, 'config.toml'), toml);
}

const PARROT = `#!/bin/sh
read -r line || [ -n "$line" ] || line="(nothing)"
echo "stdin: $line"
for word in "$@"; do echo "arg: $word"; done
`;

test('a CLI that prints text needs a command and nothing else', async ({ sandbox }) => {
  await install(sandbox, 'parrot', PARROT);
  await configure(sandbox, '[providers.parrot]\ncommand = "parrot"\n');
  const assistant = await sandbox.assistant();

  const { text } = await assistant.call('llm_run', { prompt: '--help me', provider: 'parrot' });

  expect(text).toMatch(/^parrot-\w{8} completed, [\d.]+ s\nstdin: --help me$/);
  const { providers } = await assistant.data('llm_providers', { provider: 'parrot' });
  expect(providers).toMatchObject([{ name: 'parrot', status: 'ready', access: ['read-only'], login: 'none needed' }]);
});

test('what a request may name has arguments of its own; what is not there is refused', async ({ sandbox }) => {
  await install(sandbox, 'parrot', PARROT);
  await configure(
    sandbox,
    `[providers.parrot]
command = "parrot"
args = ["run", "--dir={cwd}"]
prompt = ["--prompt={prompt}"]
model = ["--model", "{model}"]
access = { read-only = ["--plan"], full = ["--yes"] }
`,
  );
  const assistant = await sandbox.assistant();

  const { text } = await assistant.call('llm_run', {
    prompt: '$(say) {model} {cwd}',
    provider: 'parrot',
    model: 'm-1',
  });

  const args = ['run', `--dir=${sandbox.project}`, '--plan', '--model', 'm-1', '--prompt=$(say) {model} {cwd}'];
  expect(text.split('\n').slice(1)).toEqual(['stdin: (nothing)', ...args.map((arg) => `arg: ${arg}`)]);
  for (const [asked, words] of [
    [
      { access: 'edit' },
      'not_supported: parrot has no access "edit". It has "read-only", "full". Nothing was started.',
    ],
    [{ effort: 'high' }, 'not_supported: parrot takes no effort. Leave it out. Nothing was started.'],
    [{ systemPrompt: 'x' }, 'not_supported: parrot takes no systemPrompt. Put it into prompt. Nothing was started.'],
    [
      { prompt: 'x'.repeat(131_072) },
      /^bad_argument: parrot takes its prompt as an argument, of at most 122880 bytes\./,
    ],
    [{ prompt: 'a\0b' }, /^bad_argument: parrot takes its prompt as an argument, without NUL bytes\./],
  ] as const) {
    const reply = await assistant.call('llm_job_submit', { prompt: 'hi', provider: 'parrot', ...asked });
    expect(reply.isError).toBe(true);
    expect(reply.text).toMatch(words);
  }
});

const TALKER = `#!/usr/bin/env node
const { readFileSync } = require('node:fs');
const prompt = readFileSync(0, 'utf8');
const session = process.argv.find((arg) => arg.startsWith('--resume='))?.slice(9) ?? 'talk-0001-0002-0003';
const say = (record) => console.log(JSON.stringify(record));
say({ type: 'hello', session: { id: session } });
say({ type: 'call', tool: 'shell', input: { command: 'npm test' } });
if (prompt.includes('break')) say({ type: 'oops', error: { code: 429, message: 'slow down' } });
else say({ type: 'done', message: { parts: [{ text: 'you said ' }, { text: prompt }] }, tokens: { in: 5, out: 2 } });
`;

test('JSON lines are read by rules: session, tool, answer, usage, error', async ({ sandbox }) => {
  await install(sandbox, 'talker', TALKER);
  await configure(
    sandbox,
    `[providers.talker]
command = "talker"
resume = ["--resume={session}"]
output = "lines"

[[providers.talker.events]]
when = { type = "hello" }
session = "session.id"

[[providers.talker.events]]
when = { type = "call" }
tool = "tool"
toolInput = "input"

[[providers.talker.events]]
when = { type = "done" }
answer = "message.parts[].text"
usage = { inputTokens = "tokens.in", outputTokens = "tokens.out" }
end = "ok"

[[providers.talker.events]]
when = { type = "oops" }
error = "error"
end = "error"
`,
  );
  const assistant = await sandbox.assistant();
  const first = await assistant.submit('hello', { provider: 'talker' });
  expect(await assistant.ended(first)).toMatchObject({ status: 'completed' });
  const { text: events } = await assistant.call('llm_job_result', { jobId: first, view: 'events' });
  expect(events).toContain('used: 5 tokens in, 2 out');
  expect(events).toContain('"summary":"running npm test"');

  const next = await assistant.call('llm_run', { prompt: 'more', continueJob: first });
  expect(next.text).toMatch(/completed, [\d.]+ s\nyou said more$/);
  const { text: output } = await assistant.call('llm_job_list', { filter: 'any' });
  expect(output).toContain(first);

  const failed = await assistant.call('llm_run', { prompt: 'break', provider: 'talker' });
  expect(failed.text).toMatch(/^talker-\w{8} failed \(rate_limited\), [\d.]+ s: slow down\./);
});

test('a CLI that gives the conversation a new id each time is followed', async ({ sandbox }) => {
  await install(
    sandbox,
    'minter',
    `#!/bin/sh
cat >/dev/null
for word in "$@"; do last="\${word#--resume=}"; done
echo "{\\"session\\":\\"\${last:-s}x\\",\\"reply\\":\\"went on with \${last:-nothing}\\"}"
`.replaceAll('cat >/dev/null\n', 'while read -r line; do :; done\n'),
  );
  await configure(
    sandbox,
    `[providers.minter]
command = "minter"
resume = ["--resume={session}"]
output = "document"
events = [{ session = "session", answer = "reply", end = "ok" }]
`,
  );
  const assistant = await sandbox.assistant();
  let jobId = await assistant.submit('hi', { provider: 'minter' });
  const answers: (string | undefined)[] = [];
  for (let turn = 0; turn < 3; turn += 1) {
    answers.push((await assistant.call('llm_job_wait', { jobId })).text.split('\n').at(-1));
    jobId = (await assistant.data('llm_job_submit', { prompt: `turn ${turn}`, continueJob: jobId })).jobId as string;
  }
  await assistant.ended(jobId);
  expect(answers).toEqual(['went on with nothing', 'went on with sx', 'went on with sxx']);
});

test('one document is read when it is whole', async ({ sandbox }) => {
  await install(sandbox, 'teller', '#!/bin/sh\necho "{"\necho \'  "reply": "forty-two" }\'\n');
  await configure(
    sandbox,
    '[providers.teller]\ncommand = "teller"\noutput = "document"\nevents = [{ answer = "reply", end = "ok" }]\n',
  );
  const assistant = await sandbox.assistant();
  expect((await assistant.call('llm_run', { prompt: 'hi', provider: 'teller' })).text).toMatch(/\nforty-two$/);
});

describe('a definition that is wrong', () => {
  test.for([
    [
      '[providers.mine]\ntitle = "Mine"\n',
      /config\.toml:1: \[providers\.mine\] is unknown\. A CLI of your own needs a command/,
    ],
    ['[providers.cluade]\nmaxRunning = 1\n', /config\.toml:1: \[providers\.cluade\] is unknown\. claude\?/],
    ['[providers.mine]\ncommand = "x"\nmodel = ["--model"]\n', /:3: providers\.mine\.model has no \{model\} in it/],
    ['[providers.mine]\ncommand = "x"\noutput = "lines"\n', /:1: output "lines" needs \[\[providers\.mine\.events\]\]/],
    ['[providers.mine]\ncommand = "x"\n\npromt = "stdin"\n', /:4: "providers\.mine\.promt" is unknown; prompt\?/],
    ['[providers.mine]\ncommand = "x"\naccess = { write = [] }\n', /:3: "providers\.mine\.access\.write" is unknown/],
    ['[providers.my-cli]\ncommand = "x"\n', /:1: "my-cli" is no name: lower-case letters and digits/],
    ['[providers.ok]\ncommand = "x"\n', /:1: "ok" is no name for a CLI: ids of approvals begin so/],
    ['[providers.claude]\nprompt = "stdin"\n', /:2: providers\.claude\.prompt: claude is built in/],
    ['[providers.codex]\nallowTools = ["x"]\n', /:2: codex has no words for allowTools\. It has addDirs, args\./],
    ['[providers.mine]\ncommand = "x"\naddDirs = ["/x"]\n', /:3: addDirs is for CLIs that are built in; use args/],
    ['[providers.mine]\ncommand = "x"\nargs = ["--m={modle}"]\n', /:3: providers\.mine\.args has \{modle\} in it/],
    ['[providers.mine]\ncommand = "x"\nresume = ["{session}"]\n', /:3: providers\.mine\.resume needs an id: fresh, or/],
    ['[providers.mine]\ncommand = "x"\nargs = "--x"\n', /:3: providers\.mine\.args: must be a list of words/],
    ['[providers.mine]\ncommand = "x y"\n', /:2: providers\.mine\.command: must be .*words after it belong into args/],
    [
      '[providers.claude]\nenv = { set = { KEY = "sk-secret" }\n',
      /^(?!.*sk-secret).*config\.toml:\d+ is not valid TOML: /s,
    ],
    ['[env]\nallow = ["X"]\n', /:2: "env\.allow" is unknown\. There are pass, drop, set\./],
  ] as const)('%s', async ([toml, words], { sandbox }) => {
    await configure(sandbox, toml);
    const { status, stderr } = await sidejob(sandbox, 'providers');
    expect(stderr).toMatch(words);
    expect(status).toBe(1);
  });
});

test('env rules decide what a CLI gets of the environment, and so which login it has', async ({ sandbox }) => {
  await install(
    sandbox,
    'showenv',
    '#!/bin/sh\nfor name in MY_KEY OTHER_KEY OTHER_SECRET ADDED EXTRA HOME; do eval "echo $name=\\$$name"; done\n',
  );
  await configure(
    sandbox,
    `[env]
pass = ["OTHER_*"]
drop = ["OTHER_SECRET"]
set = { ADDED = "1" }
[providers.showenv]
command = "showenv"
loginEnv = ["MY_KEY"]
[providers.showenv.env]
set = { EXTRA = "2" }
[providers.claude.env]
drop = ["ANTHROPIC_API_KEY"]
[providers.codex.env]
set = { CODEX_API_KEY = "of the file" }
`,
  );
  const env = { MY_KEY: 'mine', OTHER_KEY: 'other', OTHER_SECRET: 'no', CODEX_API_KEY: '' };
  const assistant = await sandbox.assistant({ env });

  const { text } = await assistant.call('llm_run', { prompt: 'x', provider: 'showenv' });

  expect(text.split('\n').slice(1)).toEqual([
    ...['MY_KEY=mine', 'OTHER_KEY=other', 'OTHER_SECRET=', 'ADDED=1', 'EXTRA=2', `HOME=${sandbox.userHome}`],
  ]);
  const { providers } = (await assistant.data('llm_providers')) as { providers: { name: string; login?: string }[] };
  const logins = providers.map(({ name, login }) => [name, login]);
  expect(logins.filter(([name]) => ['claude', 'codex', 'gemini', 'demo', 'showenv'].includes(name ?? ''))).toEqual([
    ['claude', undefined],
    ['codex', 'api key (CODEX_API_KEY)'],
    ['gemini', 'api key (GEMINI_API_KEY)'],
    ['demo', 'none needed'],
    ['showenv', 'api key (MY_KEY)'],
  ]);
  expect(JSON.stringify(await assistant.data('llm_process_health'))).not.toContain('of the file');
});

test('extras of the owner reach the command line; a caller has no word for them', async ({ sandbox }) => {
  await configure(
    sandbox,
    `[providers.claude]
addDirs = ["/data"]
allowTools = ["Bash(git log:*)"]
denyTools = ["WebFetch"]
mcpConfig = "/etc/mcp.json"
args = ["--max-turns=3"]
`,
  );
  const assistant = await sandbox.assistant();
  const jobId = await assistant.submit(asks({ echo: true }), { access: 'edit' });
  const { text } = await assistant.call('llm_job_wait', { jobId });
  for (const arg of [
    '--add-dir=/data',
    '--allowedTools=Bash(git log:*)',
    '--mcp-config=/etc/mcp.json',
    '--max-turns=3',
  ]) {
    expect(text).toContain(JSON.stringify(arg));
  }
  // What needs no permission is for jobs that may do something; what is denied is denied to all.
  const reading = await assistant.call('llm_run', { prompt: 'hi', provider: 'claude' });
  expect(reading.text).not.toContain('--allowedTools');
  expect(reading.text).toContain(',WebFetch"');
  const refused = await assistant.call('llm_job_submit', { prompt: 'hi', addDirs: ['/'] });
  expect(refused.text).toMatch(/^bad_argument: "addDirs" is unknown/);
});

describe('the command line', () => {
  test('a trial shows the command, the events and the answer', async ({ sandbox }) => {
    await install(sandbox, 'parrot', PARROT);
    await configure(sandbox, '[providers.parrot]\ncommand = "parrot"\nargs = ["two words"]\n');
    const { status, stdout } = await sidejob(sandbox, 'providers', 'test', 'parrot', 'hello');
    expect(stdout).toContain(`command  ${sandbox.bin}/parrot 'two words' < prompt`);
    expect(stdout).toMatch(/events {3}2\n {2}0 text "stdin: hello\\n"/);
    expect(stdout).toMatch(/answer\n {2}stdin: hello\n {2}arg: two words\nparrot-\w{8} completed/);
    expect(status).toBe(0);
    expect(await sidejob(sandbox, 'list')).toMatchObject({ stdout: 'Nothing runs, nothing is unread.\n' });
  });

  test('a recipe is added once, and the rest of the file stays', async ({ sandbox }) => {
    await configure(sandbox, '# mine\nmaxRunning = 3\n');
    const dry = await sidejob(sandbox, 'providers', 'add', 'llm', '--dry-run');
    expect(dry.stdout).toContain('Nothing was changed.');
    const json = JSON.parse((await sidejob(sandbox, 'providers', 'add', 'llm', '--dry-run', '--json')).stdout);
    expect(json).toMatchObject({ provider: 'llm', changed: true, dryRun: true });
    const recipes = JSON.parse((await sidejob(sandbox, 'providers', 'add', '--json')).stdout);
    expect(recipes).toContainEqual({ name: 'llm', title: expect.stringMatching(/\w/) });
    expect(await sidejob(sandbox, 'providers', 'test', 'llm', '--json')).toMatchObject({ status: 2, stdout: '' });
    const added = await sidejob(sandbox, 'providers', 'add', 'llm');
    expect(added).toMatchObject({ status: 0, stderr: '' });
    const text = await readFile(join(sandbox.home, 'config.toml'), 'utf8');
    expect(text.startsWith('# mine\nmaxRunning = 3\n\n# ')).toBe(true);
    expect((await sidejob(sandbox, 'providers')).stdout).toMatch(/^llm +not installed/m);
    expect((await sidejob(sandbox, 'providers', 'add', 'llm')).stderr).toMatch(/has a \[providers\.llm\] already/);
    expect(await readFile(join(sandbox.home, 'config.toml'), 'utf8')).toBe(text);
    expect((await sidejob(sandbox, 'providers', 'add')).stdout).toMatch(/^llm {2,}\w/m);
    expect((await sidejob(sandbox, 'providers', 'add', 'lmm')).stderr).toMatch(/no recipe "lmm"\. llm\?/);
  });
});

test('a line of which nothing was understood is shown by a trial; errors end a job only where the rule says so', async ({
  sandbox,
}) => {
  await install(sandbox, 'talker', TALKER);
  const rule = (more: string) => `[providers.talker]\ncommand = "talker"\noutput = "lines"\nevents = [${more}]\n`;
  await configure(sandbox, rule('{ when = { type = "done" }, answer = "no.where", end = "ok" }'));
  const { stdout, status } = await sidejob(sandbox, 'providers', 'test', 'talker');
  expect(stdout).toMatch(/not understood: 2 of 4, beginning with\n {2}\{"type":"hello"/);
  expect(stdout).toMatch(/failed \(empty_answer\)/);
  expect(status).toBe(1);

  await install(
    sandbox,
    'talker',
    `#!/bin/sh\necho '{"e":{"message":"page not found","code":404}}'\nread -r line\necho '{"a":"found elsewhere"}'\n`,
  );
  await configure(sandbox, rule('{ error = "e" }, { answer = "a", end = "ok" }'));
  expect((await sidejob(sandbox, 'providers', 'test', 'talker')).stdout).toMatch(/answer\n {2}found elsewhere\n/);
});

test('one that cannot read alone is tried with the least that it can, and is never the default', async ({
  sandbox,
}) => {
  await install(sandbox, 'parrot', PARROT);
  await configure(sandbox, '[providers.parrot]\ncommand = "parrot"\naccess = { full = ["--yolo"] }\n');
  const { stdout } = await sidejob(sandbox, 'providers', 'test', 'parrot');
  expect(stdout).toContain(`access   full in ${sandbox.home}/scratch`);
  expect(stdout).toContain('arg: --yolo');
  const wrong = await sidejob(sandbox, 'providers', 'test', 'parrot', '--access', 'all');
  expect(wrong).toMatchObject({ status: 2, stderr: expect.stringContaining('there are read-only, edit, full') });
  const assistant = await sandbox.assistant({ client: 'claude-code' });
  expect(await assistant.data('llm_providers')).toMatchObject({ defaultProvider: 'codex' });
});
