// Arguments that several tools share: one definition, every use.
import { z } from 'zod';
import { ACCESS_LEVELS, EFFORT_LEVELS } from '../providers/provider.js';

const jobId = z.string().min(1).max(200).describe('a unique prefix will do');

/** What is asked, of whom, and where: shared by llm_run and llm_job_submit. */
export const ASKING = {
  prompt: z.string().describe('all the context it needs; the job knows nothing of this conversation'),
  review: z
    .strictObject({
      base: z.string().optional().describe('branch or commit; default: what is not committed'),
      paths: z.array(z.string()).max(200).optional(),
    })
    .optional()
    .describe('have changes in cwd reviewed: the diff is appended, findings come back merged; prompt: their purpose'),
  provider: z
    .string()
    .optional()
    .describe('default: a ready CLI of another vendor than yours; "claude:opus > codex": the first that can answer'),
  providers: z.array(z.string()).min(1).max(8).optional().describe('ask several, or a panel: one job each'),
  judge: z
    .string()
    .optional()
    .describe('a CLI, or "auto", that weighs the answers of providers, or of the jobs in attach, blind'),
  stance: z
    .string()
    .optional()
    .describe('second-opinion, red-team, consensus-check, fact-check; with judge: how it weighs'),
  model: z.string().min(1).max(200).optional(),
  cwd: z.string().optional().describe("absolute; default: this client's project"),
  continueJob: z
    .string()
    .optional()
    .describe("go on with that job's conversation, same CLI and folder; a CLI's own session id works too"),
  attach: z
    .array(z.string())
    .max(32)
    .optional()
    .describe('files, or job:ID (job:group-ID) for its answer; appended to the prompt'),
};

/** Only for jobs that may work for long. */
export const WORKING = {
  access: z.enum(ACCESS_LEVELS).optional().describe('read-only (default); edit: files in cwd; full: no guard'),
  isolate: z
    .union([z.boolean(), z.literal('with-changes')], 'expected true, false or "with-changes"')
    .optional()
    .describe('edit in a git worktree of its own, from the last commit or with uncommitted changes'),
  effort: z.enum(EFFORT_LEVELS).optional(),
  systemPrompt: z.string().optional(),
  outputSchema: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('JSON Schema (type object); the answer is JSON that fits it'),
  timeoutSec: z.number().int().min(1).max(604_800).optional().describe('total limit, default 3600'),
  idleTimeoutSec: z.number().int().min(1).max(604_800).optional().describe('limit without output, default none'),
  label: z.string().max(200).optional(),
  dedupeKey: z.string().min(1).max(200).optional().describe('an active job with this key is returned instead'),
  waitForQuota: z.boolean().optional().describe('sleep until a rate limit is over'),
  fresh: z.boolean().optional().describe('start anew even if the same request is under way'),
};

export const JOBS = {
  jobId: jobId.optional(),
  jobIds: z.array(jobId).min(1).max(50).optional(),
};

export const JOB = { jobId };

export const WAIT_SEC = z.number().min(0).max(3600).optional().describe('default: what this client allows');

/** What else the caller should know: of requests that were joined, of unread jobs. */
export const NOTE = z.string().optional();

/** A job in a list; only what applies is there. */
export const JOB_VIEW = z
  .object({
    jobId: z.string(),
    kind: z.string(),
    status: z.string(),
    provider: z.string(),
    cwd: z.string(),
    elapsedSec: z.number(),
  })
  .catchall(z.unknown());
