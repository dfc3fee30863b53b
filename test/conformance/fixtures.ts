// The tools and prompts that the suite's scenarios ask for by name, registered as the product's own are. There are only those that
// say something about Sidejob: text, errors, progress, asking for a folder, and jobs as tasks.
import { z } from 'zod';
import { SidejobError } from '../../src/errors.js';
import { startJobs } from '../../src/mcp/asking.js';
import { notesOn } from '../../src/mcp/notes.js';
import { PROMPTS, type Prompt } from '../../src/mcp/prompts.js';
import { TOOLS } from '../../src/mcp/registry.js';
import { replyWith, taskIdOf, viewTask } from '../../src/mcp/tasks.js';
import { type Call, defineTool, type Reply, type Tool } from '../../src/mcp/tool.js';
import { waitInCall } from '../../src/mcp/waiting.js';

const READS = { readOnlyHint: true, destructiveHint: false, idempotentHint: false, openWorldHint: false };
const LONGEST_SEC = 5;
const NONE = z.strictObject({});
const FOLDER = z.looseObject({ cwd: z.string().optional() });

/** Adds the tools and prompts to the product's, in this process. */
export function addFixtures(): void {
  (PROMPTS as Prompt[]).push(...PROMPT_FIXTURES);
  (TOOLS as Tool[]).push(
    fixture('test_simple_text', NONE, async () => ({ text: 'This is a simple text response for testing.' })),
    fixture('test_error_handling', NONE, async () => {
      throw new SidejobError('bad_argument', 'this tool intentionally returns an error for testing.', '');
    }),
    fixture('test_tool_with_progress', NONE, async (_, { progress }) => {
      for (const elapsedSec of [0, 50, 100]) await progress?.send(elapsedSec, 'on its way');
      return { text: 'done' };
    }),
    fixture('test_input_required_result_list_roots', FOLDER, inFolder),
    fixture('test_input_required_result_elicitation', FOLDER, inFolder),
    fixture('test_input_required_result_multi_round', FOLDER, inFolder),
    fixture('test_elicitation', FOLDER, inFolder),
    fixture('greet', z.strictObject({ name: z.string().optional() }), async ({ name }) => ({
      text: `Hello, ${name}!`,
    })),
    fixture('slow_compute', z.strictObject({ seconds: z.number(), label: z.string().optional() }), (args, call) =>
      runJob(call, args.seconds, `echo done # ${args.label}`),
    ),
    fixture('failing_job', NONE, (_, call) => runJob(call, 1, 'echo broken >&2; exit 1')),
  );
}

const PROMPT_FIXTURES: readonly Prompt[] = [
  {
    name: 'test_simple_prompt',
    title: 'Simple',
    description: 'For tests.',
    arguments: [],
    text: () => 'This is a simple prompt for testing.',
  },
  {
    name: 'test_prompt_with_arguments',
    title: 'With arguments',
    description: 'For tests.',
    arguments: ['arg1', 'arg2'].map((name) => ({ name, description: 'for tests', required: true })),
    text: ({ arg1, arg2 }) => `Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`,
  },
];

function fixture<Input extends z.ZodObject>(
  name: string,
  input: Input,
  handle: (args: z.infer<Input>, call: Call) => Promise<Reply>,
): Tool {
  return defineTool({ name, title: name, description: 'For tests.', input, hints: READS, handle });
}

/** What a job that changes files does without a folder. */
async function inFolder({ cwd }: { cwd?: string }): Promise<Reply> {
  if (cwd === undefined) throw new SidejobError('no_folder', 'it has no folder.', 'Give cwd.');
  return { text: cwd };
}

/**
 * A job of the provider `sh`, which runs its prompt (test/conformance/run.mjs configures it). Answers with a task as
 * llm_run does, except that it does not wait first if the job takes any time.
 */
export async function runJob(call: Call, seconds: number, command: string): Promise<Reply> {
  const { engine } = await call.manager();
  // Ends with this server. Minutes, which some scenarios ask for, are meant to outlast what they look at.
  const prompt = `for i in $(seq ${Math.min(seconds, LONGEST_SEC) * 10}); do kill -0 ${process.pid} || exit; sleep 0.1; done; ${command}`;
  const outcome = await startJobs(call, 'deferred', { prompt, provider: 'sh' });
  const taskId = call.tasks ? taskIdOf(outcome) : undefined;
  const ids = outcome.started.map(({ job }) => job.id);
  const waitSec = taskId !== undefined && seconds > 0 ? 0 : 20;
  const jobs = await waitInCall(call, engine, ids, { until: 'all', waitSec });
  const reply = await replyWith(engine, jobs, notesOn(outcome, engine.paths.scratch));
  return taskId !== undefined && jobs.some((job) => job.finishedAt === null)
    ? { ...reply, task: await viewTask(engine, taskId, jobs) }
    : reply;
}
