// Prompts that a person picks in the client: short texts that lead the assistant to the right tools.
import { invalidParams } from './requests.js';

type Given = Record<string, string | undefined>;

interface PromptArgument {
  name: string;
  description: string;
  required?: boolean;
}

export interface Prompt {
  name: string;
  title: string;
  description: string;
  arguments: readonly PromptArgument[];
  /** What the assistant is told, with the arguments that were given. */
  text(given: Given): string;
}

const PROVIDER = { name: 'provider', description: 'which CLI; left out: a ready one of another vendor' };
const PROVIDERS = {
  name: 'providers',
  description: 'which CLIs, separated by commas; left out: up to three that are ready',
};

const JUDGE = { name: 'judge', description: 'which CLI weighs the answers, or auto; left out: you do' };

export const PROMPTS: readonly Prompt[] = [
  {
    name: 'delegate',
    title: 'Hand off a task',
    description: 'Hand a task to another LLM CLI in the background, and go on meanwhile.',
    arguments: [{ name: 'task', description: 'what is to be done', required: true }, PROVIDER],
    text: ({ task, provider }) => `Hand the task below to another LLM CLI with Sidejob, as one background job.

1. Call llm_job_submit${naming(provider)}. The job knows nothing of this conversation: put into prompt the task, the files by path, what we know already, and how it can tell that it is done. Give access:"edit" and cwd only if it has to change files.
2. Go on with other work here, but do not change the same files. Do not submit again, and do not poll.
3. Collect with llm_job_wait when you need the outcome. Check it yourself (read the changes, run the tests) before you tell me what was done, and by which CLI.

Task:
${task}`,
  },
  {
    name: 'second-opinion',
    title: 'Ask for a second opinion',
    description: 'Ask another model what it thinks, and weigh the answer.',
    arguments: [{ name: 'question', description: 'left out: what we discuss just now' }, PROVIDER],
    text: ({ question, provider }) => `Get a second opinion from another model with Sidejob.

1. Call llm_run with stance:"second-opinion"${naming(provider, ', ')}. The other model knows nothing of this conversation: put into prompt the question with all that matters to it, and attach the files concerned. Do not say what you think yourself, so that the opinion is its own.
2. If a jobId comes back instead of an answer, llm_job_wait collects it; do not ask again.
3. Tell me where it agrees with you and where it does not, who is right in your view and why, and what you would change now.

Question:
${question || 'What we discuss just now: state it in one paragraph first.'}`,
  },
  {
    name: 'compare',
    title: 'Ask several and compare',
    description: 'Ask several models the same, and compare their answers.',
    arguments: [{ name: 'question', description: 'what is asked', required: true }, PROVIDERS, JUDGE],
    text: ({
      question,
      providers,
      judge,
    }) => `Ask several models the same question with Sidejob, and compare their answers.

1. ${severalOf(providers)} Call llm_run once with ${listOf(providers)}${judge?.trim() ? `, judge:${JSON.stringify(judge.trim())}` : ''}, and a prompt that holds all the context they need. Attach files instead of quoting them.
2. If some are still going on, llm_job_wait collects them; do not ask again.
3. ${judge?.trim() ? 'The judge did not know whose answer is whose. Read the answers that it differs on (llm_job_result), and check the claims that decide the matter.' : 'Compare: what all say, where they differ, what only one saw. Check claims that decide the matter.'} Name who was not heard. Then give your own conclusion, and say whose points it rests on.

Question:
${question}`,
  },
  {
    name: 'review-changes',
    title: 'Have changes reviewed',
    description: 'Have other models review changes in this repository.',
    arguments: [
      { name: 'about', description: 'what the changes are for, and what to look at' },
      { name: 'base', description: 'since a branch, tag or commit; left out: what is not committed' },
      { ...PROVIDERS, description: 'which CLIs, separated by commas; left out: a ready one of another vendor' },
    ],
    text: ({ about, base, providers }) => `Have changes in this repository reviewed by other models with Sidejob.

1. Call llm_run once with review:${base?.trim() ? `{"base":${JSON.stringify(base.trim())}}` : '{}'}${namesIn(providers).length > 0 ? `, ${listOf(providers)}` : ''}, and in prompt what the changes are for and what to look at. Make no diff: it is appended for you.
2. If a jobId comes back instead of findings, llm_job_wait collects them; do not ask again.
3. Check every finding against the code. Report those that hold, the worst first and who found them; name in one line those that do not, and who was not heard. Change nothing before I say so.

About the changes:
${about || 'What we have done here: state it in one paragraph first.'}`,
  },
];

/** Answers `prompts/list`. Opens nothing. */
export function listPrompts() {
  return { prompts: PROMPTS.map(({ text: _, ...shown }) => ({ ...shown, arguments: [...shown.arguments] })) };
}

/**
 * Answers `prompts/get`. Opens nothing.
 * @throws ProtocolError for a prompt that there is not, and for an argument that is missing
 */
export function getPrompt({ name, arguments: given = {} }: { name: string; arguments?: Given }) {
  const prompt = promptNamed(name);
  const missing = prompt.arguments.find((each) => each.required && !given[each.name]?.trim());
  if (missing) throw invalidParams(`${prompt.name}: ${missing.name} is missing (${missing.description}).`);
  const content = { type: 'text' as const, text: prompt.text(given) };
  return { description: prompt.description, messages: [{ role: 'user' as const, content }] };
}

/**
 * Values for an argument of a prompt; of a list, its last part is completed.
 * @param names the providers there are, the best first
 * @throws ProtocolError if there is no such prompt
 */
export async function completePrompt(
  prompt: string,
  argument: string,
  typed: string,
  names: () => Promise<readonly string[]>,
): Promise<string[]> {
  const known = promptNamed(prompt).arguments.some(({ name }) => name === argument);
  if (!known || ![PROVIDER, PROVIDERS, JUDGE].some(({ name }) => name === argument)) return [];
  const before = argument === PROVIDERS.name ? typed.slice(0, typed.lastIndexOf(',') + 1) : '';
  const begun = typed.slice(before.length).trim().toLowerCase();
  const taken = before.split(',').map((name) => name.trim());
  const fitting = (await names()).filter((name) => name.startsWith(begun) && !taken.includes(name));
  return fitting.map((name) => before + name);
}

function promptNamed(name: string): Prompt {
  const prompt = PROMPTS.find((each) => each.name === name);
  if (prompt) return prompt;
  throw invalidParams(`no prompt ${JSON.stringify(name)}. There are ${PROMPTS.map((each) => each.name).join(', ')}.`);
}

function naming(provider: string | undefined, before = ' with '): string {
  return provider?.trim() ? `${before}provider:${JSON.stringify(provider.trim())}` : '';
}

function namesIn(providers: string | undefined): string[] {
  return (providers ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);
}

function severalOf(providers: string | undefined): string {
  return namesIn(providers).length > 0
    ? ''
    : 'See with llm_providers which CLIs are ready; take up to three of different vendors.';
}

function listOf(providers: string | undefined): string {
  const names = namesIn(providers);
  return names.length > 0 ? `providers:${JSON.stringify(names)}` : 'providers:[…]';
}
