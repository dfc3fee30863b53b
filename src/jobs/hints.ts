// What to do about each kind of failure, in one sentence.
import type { Provider } from '../providers/provider.js';
import type { Reason } from '../store/record.js';
import { localTime } from './figures.js';

const HINTS: Record<Reason, string | ((provider: Provider) => string)> = {
  exit_code: 'See llm_job_result with view "stderr".',
  killed: 'Often this means that memory ran out. Submit it again if wanted.',
  interrupted: 'The answer may be cut; read it with llm_job_result, and go on with continueJob.',
  provider_error: 'See llm_job_result with view "stdout" or "stderr".',
  auth_required: ({ login }) => `The person must log in: ${login}.`,
  rate_limited: 'Wait a while, or use another provider.',
  quota_exhausted: 'Use another provider until the quota is renewed.',
  model_not_found: 'Leave out "model", or ask llm_providers for the names.',
  context_too_long: 'Shorten the prompt or the attachments.',
  refused: 'The model refused; rephrase, or ask another provider.',
  network: 'Check the network connection, then submit it again.',
  empty_answer: 'See llm_job_result with view "stdout" and "stderr".',
  invalid_output:
    'Its text is kept (llm_job_result). Ask again, or another provider; loosen outputSchema if it is yours.',
  timeout: (provider) => `${goOn(provider)}ubmit it again with a larger timeoutSec.`,
  idle_timeout: (provider) => `${goOn(provider)}ubmit it again with a larger idleTimeoutSec.`,
  output_limit: 'What it wrote is kept. Ask for less output.',
  too_few_answers: 'What was answered is kept. Ask those again that failed, or others.',
  spawn_failed: ({ install }) => `Check that the CLI is installed: ${install}.`,
};

/** How a hint begins for a CLI that keeps conversations, and for one that does not. */
function goOn({ sessionId }: Provider): string {
  return sessionId === 'none' ? 'S' : 'Go on with continueJob, or s';
}

/** The hint for a failure of this provider. */
export function hintFor(reason: Reason, provider: Provider | undefined): string | null {
  const hint = HINTS[reason];
  if (typeof hint === 'string') return hint;
  return provider ? hint(provider) : null;
}

/** The hint for a limit of which it is known when it is over (in milliseconds), as it is true at `now`. */
export function limitHint(resetsAt: number, now: number): string {
  if (resetsAt <= now) return 'That limit is over by now; submit it again if wanted.';
  return `Wait until ${localTime(resetsAt, now)}, or use another provider.`;
}
