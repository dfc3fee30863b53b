// The person's face in a pseudo-terminal: what is drawn, and what the keys do.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { sidejob } from '../support/command-line.js';
import { test as base } from '../support/e2e.js';
import type { Sandbox } from '../support/sandbox.js';
import { asks } from '../support/steps.js';
import { CTRL_C, CTRL_D, NO_TERMINAL, Terminal, type TerminalOptions } from '../support/terminal.js';
import { until } from '../support/until.js';

const test = NO_TERMINAL === undefined ? base : base.skip;

function terminal(sandbox: Sandbox, args: string[], options?: TerminalOptions): Terminal {
  return new Terminal(sandbox, args, options);
}

function idIn({ text }: Terminal): string {
  const [id] = /claude-\w{8}/.exec(text) ?? [];
  if (!id) throw new Error(`no id in: ${text}`);
  return id;
}

async function statusOf(sandbox: Sandbox, id: string): Promise<unknown> {
  return JSON.parse((await sidejob(sandbox, 'show', id, '--json')).stdout).status;
}

test('run shows the answer as it comes, and its end once', async ({ sandbox }) => {
  const gates = [sandbox.gate(), sandbox.gate()] as const;
  const steps = asks(
    { say: 'let me look' },
    { gate: gates[0] },
    { tool: 'ls -l' },
    { gate: gates[1] },
    { say: 'forty-two' },
  );
  const shown = terminal(sandbox, ['run', '-p', 'claude', steps]);
  await shown.shows('let me look');
  await sandbox.open(gates[0]);
  await shown.shows(/running, \d+ s, running ls -l/);
  await sandbox.open(gates[1]);
  expect(await shown.ended()).toBe(0);
  expect(shown.text.match(/let me look\n/g)).toHaveLength(1);
  expect(shown.text.match(/forty-two\n/g)).toHaveLength(1);
  expect(shown.text).toMatch(/completed, [\d.]+ s/);
});

test('what a stranger says cannot repaint the terminal', async ({ sandbox }) => {
  const shown = terminal(
    sandbox,
    ['run', '-p', 'claude', '-l', 'a\u001b]0;b', asks({ say: 'x\u001b[2Jy\u009b1mz\u0007' })],
    {
      env: { NO_COLOR: '1' },
    },
  );
  expect(await shown.ended()).toBe(0);
  expect(shown.raw).toContain('x[2Jy1mz');
  expect(shown.raw).not.toContain('\u001b[2J');
  const list = terminal(sandbox, ['list', '--all'], { env: { NO_COLOR: '1' } });
  await list.ended();
  expect(list.raw).not.toContain('\u001b]0');
});

test('tables are cut to the terminal; what is wrong is not', async ({ sandbox }) => {
  await sidejob(sandbox, 'run', '-p', 'claude', 'a question that is too long for a terminal of so few columns');
  const lines = async (...args: string[]) => {
    const shown = terminal(sandbox, args, { columns: 40, env: { NO_COLOR: '1' } });
    await shown.ended();
    return shown.text.split('\n');
  };
  for (const args of [['list', '--all'], ['usage'], ['providers'], ['providers', 'add']]) {
    const cut = (await lines(...args)).filter((line) => /^\S+ {2,}/.test(line));
    expect(cut, args.join(' ')).not.toEqual([]);
    for (const line of cut) expect(line.length, line).toBeLessThanOrEqual(40);
  }
  const config = (await lines('config')).filter((line) => /^\w+ {2,}/.test(line));
  for (const line of config) expect(line.length, line).toBeLessThanOrEqual(40);
  const doctor = await lines('doctor');
  expect(doctor.find((line) => line.startsWith('ok') && line.includes(' node '))?.length).toBeLessThanOrEqual(40);
  expect(doctor.find((line) => /^warn +clients /.test(line))).toMatch(/it knows$/);
});

test('Ctrl-C asks; Enter waits on, "d" leaves the job to itself', async ({ sandbox }) => {
  const gate = sandbox.gate();
  const shown = terminal(sandbox, ['run', '-p', 'claude', asks({ say: 'so far' }, { gate }, { say: 'forty-two' })]);
  await shown.shows('so far');
  const id = idIn(shown);
  shown.type(CTRL_C);
  await shown.shows(`${id}: [d]etach, [c]ancel, or Enter to wait on?`);
  shown.type('\n');
  await shown.shows(/wait on\?[\s\S]*running, \d+ s/);
  shown.type(CTRL_C);
  await shown.shows(/wait on\?[\s\S]*wait on\?/);
  shown.type('d\n');
  expect(await shown.ended()).toBe(130);
  expect(shown.text).toContain(`"sidejob result ${id}" shows its answer`);
  expect(await statusOf(sandbox, id)).toBe('running');
  await sandbox.open(gate);
  expect((await sidejob(sandbox, 'wait', id)).status).toBe(0);
});

test('"c" cancels, and so does a second Ctrl-C, with the prompt from a pipe, too', async ({ sandbox }) => {
  const first = terminal(sandbox, ['run', '-p', 'claude', asks({ say: 'so far' }, { forever: true })]);
  await first.shows('so far');
  first.type(CTRL_C);
  await first.shows('[c]ancel');
  first.type('c\n');
  expect(await first.ended()).toBe(3);
  expect(await statusOf(sandbox, idIn(first))).toBe('canceled');

  await writeFile(join(sandbox.root, 'prompt'), asks({ say: 'so far' }, { ignoreTerm: true }, { forever: true }));
  const second = terminal(sandbox, [], { shell: `trap : INT; /bin/cat ../prompt | $SIDEJOB run -p claude` });
  await second.shows('so far');
  second.type(CTRL_C);
  await second.shows('[c]ancel');
  // Sooner, it would be the echo of the first one.
  await sleep(150);
  second.type(CTRL_C);
  await second.shows('Canceling…');
  expect(await second.ended()).toBe(3);
  expect(await statusOf(sandbox, idIn(second))).toBe('canceled');
});

test('one Ctrl-C that is heard twice asks, and cancels nothing', async ({ sandbox }) => {
  const gate = sandbox.gate();
  const shown = terminal(sandbox, ['run', '-p', 'claude', asks({ say: 'so far' }, { gate })]);
  await shown.shows('so far');
  shown.type(CTRL_C);
  shown.type(CTRL_C);
  await shown.shows('[c]ancel');
  shown.type('d\n');
  expect(await shown.ended()).toBe(130);
  expect(await statusOf(sandbox, idIn(shown))).toBe('running');
  await sandbox.open(gate);
  expect((await sidejob(sandbox, 'wait', idIn(shown))).status).toBe(0);
});

test('what has ended while the person thought about it is shown, not left', async ({ sandbox }) => {
  const gate = sandbox.gate();
  const shown = terminal(sandbox, ['run', '-p', 'claude', asks({ say: 'so far' }, { gate }, { say: 'forty-two' })]);
  await shown.shows('so far');
  shown.type(CTRL_C);
  await shown.shows('[c]ancel');
  const id = idIn(shown);
  await sandbox.open(gate);
  await until('it has ended', async () => (await statusOf(sandbox, id)) === 'completed');
  shown.type('d\n');
  expect(await shown.ended()).toBe(0);
  expect(shown.text.match(/forty-two\n/g)).toHaveLength(1);
  expect(shown.text).toMatch(/completed, [\d.]+ s/);
  expect(shown.text).not.toContain('shows its answer');
});

test('without arguments: help, how things stand, and what to do next', async ({ sandbox }) => {
  const fresh = terminal(sandbox, []);
  expect(await fresh.ended()).toBe(0);
  expect(fresh.text).toMatch(/No jobs yet\.\nNext: sidejob run "\.\.\." asks/);
  expect(fresh.text.split('\n').length).toBeLessThan(40);

  const gate = sandbox.gate();
  const running = (await sidejob(sandbox, 'submit', '-p', 'claude', asks({ gate }))).stdout.trim();
  const busy = terminal(sandbox, []);
  await busy.ended();
  expect(busy.text).toContain(`1 running, 0 waiting, 0 unread.\nNext: "sidejob logs -f ${running}" follows`);
  await sandbox.open(gate);
  await sidejob(sandbox, 'wait', running);
  const unread = terminal(sandbox, []);
  await unread.ended();
  expect(unread.text).toContain(`0 running, 0 waiting, 1 unread.\nNext: "sidejob show ${running}"`);
});

test('list --watch draws the table anew as things change, as wide as the terminal, until q', async ({ sandbox }) => {
  const gate = sandbox.gate();
  const label = 'a rather long label that does not fit beside the rest of it';
  const id = (await sidejob(sandbox, 'submit', '-p', 'claude', '-l', label, asks({ gate }))).stdout.trim();
  const shown = terminal(sandbox, ['list', '--watch'], { columns: 60 });
  await shown.shows(new RegExp(`${id} +running`));
  await sandbox.open(gate);
  await shown.shows(new RegExp(`${id} +completed`));
  shown.type('q');
  expect(await shown.ended()).toBe(0);
  expect(shown.raw).toContain('\u001b[?1049h');
  expect(shown.raw.trimEnd().endsWith('\u001b[?1049l')).toBe(true);
  expect(shown.text.split('\n').filter((line) => line.length > 60)).toEqual([]);
  expect(shown.text).toContain('…');
});

test('open gives the terminal to the CLI, in the folder of the job', async ({ sandbox }) => {
  const job = JSON.parse((await sidejob(sandbox, 'run', '-p', 'claude', '--json', 'x')).stdout);
  const shown = terminal(sandbox, ['open', job.jobId]);
  await shown.shows(`--resume ${job.sessionId}`);
  // The posing CLI reads to the end of its input.
  shown.type(`${CTRL_D}${CTRL_D}`);
  expect(await shown.ended()).toBe(0);
  expect(shown.text).toContain(`\\"--resume\\",\\"${job.sessionId}\\"`);
  expect(shown.text).toContain(`\\"cwd\\":\\"${sandbox.project}\\"`);
});

test('prune asks, and takes only a yes', async ({ sandbox }) => {
  await sidejob(sandbox, 'run', '-p', 'claude', 'x');
  const no = terminal(sandbox, ['prune']);
  await no.shows(/Remove 1 job, .*for good\? \[y\/N\]/);
  no.type('\n');
  expect(await no.ended()).toBe(1);
  const yes = terminal(sandbox, ['prune']);
  await yes.shows('[y/N]');
  yes.type('y\n');
  expect(await yes.ended()).toBe(0);
  expect(yes.text).toContain('Removed 1 of them');
});

test('a terminal shows colours, unless NO_COLOR is set', async ({ sandbox }) => {
  await sidejob(sandbox, 'run', '-p', 'claude', 'x');
  const painted = terminal(sandbox, ['list', '--all']);
  await painted.ended();
  expect(painted.raw).toContain('\u001b[32mcompleted');
  const plain = terminal(sandbox, ['list', '--all'], { env: { NO_COLOR: '1' } });
  await plain.ended();
  expect(plain.raw).not.toContain('\u001b[');
});

test('the Tab key of bash completes', async ({ sandbox }) => {
  const shell = terminal(sandbox, [], { shell: 'exec /bin/bash --norc --noprofile -i', echo: true });
  shell.type(`sidejob() { $SIDEJOB "$@"; }; eval "$(sidejob completion bash)"; echo re''ady\n`);
  await shell.shows('ready');
  shell.type('sidejob provi\t');
  await shell.shows('providers');
  shell.type('--jso\t');
  await shell.shows('--json');
  shell.type('\n');
  await shell.shows('"name": "claude"');
  shell.type('exit\n');
  expect(await shell.ended()).toBe(0);
});
