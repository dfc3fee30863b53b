// The tools that a policy can name, with their arguments: for warnings about names that Sidejob does not have. The
// registry itself is the protocol's (mcp/), of which a policy knows nothing; a test keeps the two equal.

const ASKING = [
  'prompt',
  'review',
  'provider',
  'providers',
  'judge',
  'stance',
  'model',
  'cwd',
  'continueJob',
  'attach',
];
const JOBS = ['jobId', 'jobIds'];

/** Every tool, and what it takes. */
export const TOOL_ARGUMENTS: ReadonlyMap<string, readonly string[]> = new Map([
  ['llm_run', [...ASKING, 'waitSec']],
  [
    'llm_job_submit',
    [
      ...ASKING,
      ...['access', 'isolate', 'effort', 'systemPrompt', 'outputSchema', 'timeoutSec', 'idleTimeoutSec'],
      ...['label', 'dedupeKey', 'waitForQuota', 'fresh'],
    ],
  ],
  ['llm_job_status', JOBS],
  ['llm_job_wait', [...JOBS, 'until', 'waitSec']],
  ['llm_job_result', ['jobId', 'view', 'offset', 'limit']],
  ['llm_job_cancel', JOBS],
  ['llm_job_changes', ['jobId', 'action']],
  ['llm_job_list', ['filter', 'scope', 'provider', 'query', 'limit', 'cursor']],
  ['llm_providers', ['provider']],
  ['llm_process_health', []],
]);

/** Tools that start jobs: only calls of these have facts. */
export const STARTING_TOOLS: readonly string[] = ['llm_run', 'llm_job_submit'];
