// continueJob: the conversation of an earlier job goes on.
import { expect } from 'vitest';
import { test } from '../support/e2e.js';
import { asks, echoIn } from '../support/steps.js';

test.concurrent('claude resumes the session that was chosen for the first job, in its folder', async ({ sandbox }) => {
  const folder = await sandbox.newProject('elsewhere');
  const assistant = await sandbox.assistant();
  const first = await assistant.submit(asks({ echo: true }), { cwd: folder });
  const begun = echoIn((await assistant.call('llm_job_wait', { jobId: first })).text);
  const session = flag(begun.argv, 'session-id');
  expect(session).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  expect(flag(begun.argv, 'resume')).toBeUndefined();

  const { text } = await assistant.call('llm_run', { prompt: 'and then?', continueJob: first });

  const gone = echoIn(text);
  expect(flag(gone.argv, 'resume')).toBe(session);
  expect(flag(gone.argv, 'session-id')).toBeUndefined();
  expect(gone.cwd).toBe(folder);
  const second = /^claude-\w{8}/.exec(text)?.[0];
  const third = await assistant.call('llm_run', { prompt: 'and after that?', continueJob: second });
  expect(flag(echoIn(third.text).argv, 'resume')).toBe(session);
});

test.concurrent('codex resumes the thread that it has reported', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const first = await assistant.submit('hello', { provider: 'codex' });
  await assistant.ended(first);
  const { text: output } = await assistant.call('llm_job_result', { jobId: first, view: 'stdout' });
  const thread = /"thread_id":"([^"]+)"/.exec(output)?.[1];

  const { text } = await assistant.call('llm_run', { prompt: 'and then?', continueJob: first });

  expect(echoIn(text).argv).toEqual(expect.arrayContaining(['exec', 'resume', thread]));
});

test.concurrent('a conversation goes on after its job was canceled, under another server', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const first = await assistant.submit(asks({ say: 'so far' }, { forever: true }), { provider: 'codex' });
  await assistant.jobWhen(first, 'has said something', (job) => job.answerBytes === 6);
  await assistant.call('llm_job_cancel', { jobId: first });
  const { text: output } = await assistant.call('llm_job_result', { jobId: first, view: 'stdout' });
  await assistant.close();

  const next = await sandbox.assistant();
  const { text } = await next.call('llm_run', { prompt: 'go on', continueJob: first });

  expect(echoIn(text).argv).toContain(/"thread_id":"([^"]+)"/.exec(output)?.[1]);
});

test.concurrent('a conversation goes on by the id that its CLI gave it, ours or not', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const first = await assistant.submit('hello');
  const session = flag(echoIn((await assistant.call('llm_job_wait', { jobId: first })).text).argv, 'session-id');

  const ours = await assistant.call('llm_run', { prompt: 'and then?', continueJob: session });
  expect(flag(echoIn(ours.text).argv, 'resume')).toBe(session);

  const foreign = '6f9619ff-8b86-d011-b42d-00c04fc964ff';
  const unknown = await assistant.call('llm_run', { prompt: 'and?', continueJob: foreign });
  expect(unknown.text).toMatch(/^bad_argument: no job had conversation .* say which with provider, and its folder/);
  const theirs = await assistant.call('llm_run', { prompt: 'and?', continueJob: foreign, provider: 'claude' });
  expect(flag(echoIn(theirs.text).argv, 'resume')).toBe(foreign);
  const demo = await assistant.call('llm_run', {
    prompt: 'and?',
    continueJob: foreign.replace('6', '7'),
    provider: 'demo',
  });
  expect(demo.text).toBe('no_session: demo keeps no conversations. Nothing was started.');
});

test.concurrent('a job says which it continues, and its conversation can be listed by any id in it', async ({
  sandbox,
}) => {
  const assistant = await sandbox.assistant();
  const first = await assistant.submit('hello', { provider: 'codex' });
  await assistant.ended(first);
  const second = await assistant.submit('and then?', { provider: 'codex', continueJob: first });
  await assistant.ended(second);
  const third = await assistant.submit('and after that?', { provider: 'codex', continueJob: second });
  expect(await assistant.ended(third)).toMatchObject({ continues: second });
  const other = await assistant.submit('something else', { provider: 'codex' });
  await assistant.ended(other);

  for (const query of [first, second, third]) {
    const { jobs } = await assistant.data('llm_job_list', { filter: 'any', query });
    expect((jobs as { jobId: string }[]).map(({ jobId }) => jobId)).toEqual([third, second, first]);
  }
});

test.concurrent('an id that looks like a flag is no conversation, whoever says it', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  for (const continueJob of ['-oSTOLEN-0000000001', '--yolo-mode-enabled-1']) {
    const reply = await assistant.call('llm_run', { prompt: 'hi', provider: 'codex', continueJob });
    expect(reply.text).toMatch(/^unknown_job: /);
  }
  const typo = await assistant.call('llm_run', { prompt: 'hi', continueJob: 'copilot-7f3k9m2q' });
  expect(typo.text).toMatch(/^unknown_job: no job "copilot-7f3k9m2q"/);
});

test.concurrent('a follow-up that was canceled before it began leaves the conversation as it was', async ({
  sandbox,
}) => {
  const assistant = await sandbox.assistant({ env: { SIDEJOB_MAX_RUNNING: '1' } });
  const first = await assistant.submit('hello');
  const session = flag(echoIn((await assistant.call('llm_job_wait', { jobId: first })).text).argv, 'session-id');
  const blocking = await assistant.submit(asks({ forever: true }), { provider: 'codex' });
  const second = await assistant.submit('and then?', { continueJob: first });
  await assistant.call('llm_job_cancel', { jobIds: [second, blocking] });

  for (const continueJob of [second, session]) {
    const { text } = await assistant.call('llm_run', { prompt: `on with ${continueJob}`, continueJob });
    expect(flag(echoIn(text).argv, 'resume')).toBe(session);
  }
});

test.concurrent('what cannot go on is refused with the way out', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const busy = await assistant.submit(asks({ forever: true }));
  const ended = await assistant.submit('hello', { provider: 'codex' });
  await assistant.ended(ended);
  const demo = await assistant.submit('hello', { provider: 'demo', model: 'demo-fail' });
  await assistant.ended(demo);

  for (const [args, words] of [
    [{ continueJob: busy }, /^session_busy: job \S+ is still running\. Wait for it first/],
    [{ continueJob: ended, provider: 'claude' }, /^bad_argument: job \S+ is a conversation with codex, not claude\./],
    [{ continueJob: ended, providers: ['codex'] }, /^bad_argument: a conversation goes on with one provider\./],
    [{ continueJob: ended, cwd: sandbox.userHome }, /^bad_argument: the conversation of job \S+ lives in .*project/],
    [{ continueJob: demo }, /^no_session: .*attach: \["job:demo-\w{8}"\]/],
    [{ continueJob: 'codex-00000000' }, /^unknown_job: /],
  ] as const) {
    const reply = await assistant.call('llm_run', { prompt: 'go on', ...args });
    expect(reply.isError, reply.text).toBe(true);
    expect(reply.text).toMatch(words);
  }
  await assistant.call('llm_job_cancel', { jobId: busy });
});

test.concurrent('of two that go on with one conversation at once, the second is refused', async ({ sandbox }) => {
  const assistant = await sandbox.assistant();
  const first = await assistant.submit('hello');
  await assistant.ended(first);
  const second = await assistant.submit(asks({ forever: true }), { continueJob: first });

  const reply = await assistant.call('llm_run', { prompt: 'me too', continueJob: first });

  expect(reply.text).toBe(`session_busy: job ${second} is using that conversation. Wait for it. Nothing was started.`);
  await assistant.call('llm_job_cancel', { jobId: second });
});

function flag(argv: string[], name: string): string | undefined {
  return argv.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3);
}
