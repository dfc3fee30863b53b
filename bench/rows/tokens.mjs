import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { finalEvent, instantCli, writeCli } from '../support/fake-cli.mjs';
import { connect } from '../support/servers.mjs';

export const title = 'What an assistant pays';
export const about =
  'Tokens (o200k) of what a model is shown of each reply, with ids, times and folders made alike. Claude Code and Codex show ' +
  'it the structured content alone where there is some, Gemini CLI the text alone: the dearer is the figure.';

export async function run({ folder, server, note }) {
  await instantCli(folder);
  // One that fails, one that goes on, and no others, whatever this machine has.
  await writeCli(folder, 'codex', '#!/bin/sh\ncat >/dev/null\necho "no such flag" >&2\nexit 2\n');
  await writeCli(folder, 'gemini', '#!/bin/sh\nsleep 600\n');
  await using sidejob = await connect(server, folder, { env: { PATH: `${join(folder, 'bin')}:/usr/bin:/bin` } });
  /** The tokens of one reply, as each kind of client shows it. */
  const paid = async (tool, args) => {
    const { content, structuredContent } = await sidejob.client.callTool({ name: tool, arguments: args });
    const text = countAlike(content.map((part) => part.text).join('\n'), folder);
    const data = structuredContent ? countAlike(JSON.stringify(structuredContent), folder) : text;
    const raw = content.map((part) => part.text).join('\n');
    return { tokens: Math.max(text, data), text, data, raw, structuredContent };
  };
  const figures = [];
  const add = (name, tokens, atMost) =>
    figures.push({ name, value: tokens, unit: 'tokens', counted: true, target: { atMost } });
  const addReply = (name, { tokens, text, data }, atMost) => {
    add(name, tokens, atMost);
    if (text !== data) note(`${name}: ${data} as data, ${text} as text.`);
  };

  const { tools } = await sidejob.client.listTools();
  const shown = tools.map(({ name, description, inputSchema }) => ({ name, description, inputSchema }));
  add('tools: names, descriptions, parameters', countTokens(JSON.stringify(shown)), 2200);
  add('instructions', countTokens(sidejob.client.getInstructions()), 290);

  const ask = (prompt, provider = 'claude') => ({ prompt, provider });
  const two = { prompt: 'two', providers: ['claude', 'codex'] };
  addReply('llm_run, an answer of two bytes', await paid('llm_run', ask('run')), 60);
  const submitted = await paid('llm_job_submit', ask('submit'));
  const { jobId } = submitted.structuredContent;
  const waited = await paid('llm_job_wait', { jobId, waitSec: 30 });
  const read = await paid('llm_job_result', { jobId });
  add('submit, wait and result of the same', submitted.tokens + waited.tokens + read.tokens, 250);
  addReply('llm_job_submit', submitted, 90);
  addReply('llm_job_wait', waited, 22);
  addReply('llm_job_result', read, 34);
  addReply('llm_job_status of an ended job', await paid('llm_job_status', { jobId }), 100);
  addReply('llm_run, a failure', await paid('llm_run', ask('fail', 'codex')), 75);
  addReply('llm_run of two, of which one fails', await paid('llm_run', two), 125);

  await moveIsolated(folder, paid, addReply, add);
  await moveMany(folder, paid, addReply);

  const running = await paid('llm_job_submit', ask('go on', 'gemini'));
  const going = { jobId: running.structuredContent.jobId };
  addReply('llm_job_status of a running job', await paid('llm_job_status', going), 95);
  addReply('llm_job_wait that ends early', await paid('llm_job_wait', { ...going, waitSec: 0 }), 60);
  addReply('llm_job_cancel', await paid('llm_job_cancel', going), 38);
  for (let count = 0; count < 20; count += 1) await paid('llm_run', ask(`listed ${count}`));
  addReply('llm_job_list of 20', await paid('llm_job_list', { filter: 'any', limit: 20 }), 1750);
  addReply('llm_job_list of none', await paid('llm_job_list', { filter: 'active' }), 6);
  addReply('llm_providers', await paid('llm_providers', {}), 460);
  addReply('llm_process_health', await paid('llm_process_health', {}), 520);
  add('an unknown job', (await paid('llm_job_status', { jobId: 'claude-00000000' })).tokens, 32);
  return figures;
}

/** An edit in a worktree of its own, from its submission until the folder has it. */
async function moveIsolated(folder, paid, addReply, add) {
  // Beside the data folder: where that is, no job may change files.
  const cwd = join(folder, 'shop');
  await mkdir(cwd);
  const git = (...args) =>
    promisify(execFile)('git', ['-C', cwd, '-c', 'user.name=a', '-c', 'user.email=a@b', ...args]);
  await git('init', '-q');
  await writeFile(join(cwd, 'cart.js'), 'export const total = (items) => items.length;\n');
  await git('add', 'cart.js');
  await git('commit', '-q', '-m', 'a cart');
  await writeCli(folder, 'claude', `#!/bin/sh\necho '// done' >> cart.js\necho '${finalEvent('ok')}'\n`);
  const asked = { prompt: 'edit', provider: 'claude', access: 'edit', isolate: true, cwd };
  const submitted = await paid('llm_job_submit', asked);
  const { jobId } = submitted.structuredContent;
  const replies = [
    ['llm_job_submit, isolated', submitted, 98],
    ['llm_job_wait of an isolated job', await paid('llm_job_wait', { jobId, waitSec: 30 }), 53],
    ['llm_job_result, diff of a line', await paid('llm_job_result', { jobId, view: 'diff' }), 148],
    ['llm_job_changes', await paid('llm_job_changes', { jobId, action: 'apply' }), 30],
  ];
  for (const reply of replies) addReply(...reply);
  add(
    'submit isolated, wait, look, apply',
    replies.reduce((sum, [, { tokens }]) => sum + tokens, 0),
    327,
  );
  await instantCli(folder);
}

/** Three answers of 2,000 characters each: with and without a judge, in a stance, and one for want of another. */
async function moveMany(folder, paid, addReply) {
  const answer = 'Keep the counters in one place, and say which. '.repeat(42);
  const verdict = {
    agreement: ['Count per API key.', 'Refuse with 429 and a time.'],
    differences: [
      {
        point: 'Where the counters are kept',
        positions: ['A', 'B', 'C'].map((letter) => ({ answer: letter, quote: 'Keep the counters in one place' })),
      },
    ],
    openPoints: ['How many servers there will be.'],
    recommendation:
      'Begin in memory; move to Redis with the second server, since in-memory counters reset at each deploy.',
  };
  // Whoever is asked to judge does; "full" is at its limit.
  const said = { answer: finalEvent(answer), verdict: finalEvent(JSON.stringify(verdict)) };
  for (const [name, text] of Object.entries(said)) await writeFile(join(folder, name), `${text}\n`);
  const judges = `case "$(head -c 17)" in "You are the judge") cat ${folder}/verdict;; *) cat ${folder}/answer;; esac`;
  await writeCli(folder, 'claude', `#!/bin/sh\n${judges}\n`);
  const limited = {
    type: 'turn.failed',
    error: { message: 'exceeded retry limit, last status: 429 Too Many Requests' },
  };
  const codex = [{ type: 'thread.started', thread_id: 't' }, limited].map((event) => JSON.stringify(event));
  await writeCli(folder, 'codex', `#!/bin/sh\ncat >/dev/null\nprintf '%s\\n' '${codex.join("' '")}'\nexit 1\n`);
  const three = { providers: ['claude:a', 'claude:b', 'claude:c'] };
  const judged = await paid('llm_run', { prompt: 'judged', ...three, judge: 'claude' });
  const group = /group-\w{8}/.exec(judged.raw)?.[0];
  const later = await paid('llm_run', { prompt: 'Who is right?', judge: 'claude:d', attach: [`job:${group}`] });
  addReply('llm_run of three, 2,000 characters each', await paid('llm_run', { prompt: 'three', ...three }), 1630);
  addReply('the same with a judge', judged, 260);
  addReply('a judge of answers that are there', later, 200);
  addReply('llm_run in a stance', await paid('llm_run', { prompt: 'x', provider: 'claude', stance: 'red-team' }), 552);
  addReply(
    'llm_run of a chain whose first is limited',
    await paid('llm_run', { prompt: 'x', provider: 'codex > claude' }),
    564,
  );
  await instantCli(folder);
  await writeCli(folder, 'codex', '#!/bin/sh\ncat >/dev/null\necho "no such flag" >&2\nexit 2\n');
}

/** Tokens of a text whose ids, times and folders are always the same, so that every run counts the same. */
function countAlike(text, folder) {
  return countTokens(
    text
      .replaceAll(folder, '/home/ada')
      .replaceAll(/\b(claude|codex|gemini|group|chain)-[0-9a-z]{8}\b/g, '$1-7f3k9m2q')
      .replaceAll(/\b\d{4}-\d\d-\d\dT[\d:.]+Z/g, '2026-11-30T10:00:00.000Z')
      .replaceAll(/\b\d+(\.\d+)? s\b/g, '0.1 s')
      .replaceAll(/("\w+Sec":)[\d.]+/g, '$10.1')
      .replaceAll(/\b\d+ (?=MB free)/g, '20000 ')
      .replaceAll(/("?(?:pid|bytes|freeMb)"?[ :])\d+/g, '$120000'),
  );
}
