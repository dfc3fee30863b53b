// The one family of errors that a caller is meant to read: what happened, and what to do next.

export type ErrorCode =
  | 'unknown_job'
  | 'unknown_approval'
  | 'unknown_provider'
  | 'bad_argument'
  | 'bad_config'
  | 'bad_policy'
  | 'not_installed'
  | 'auth_required'
  | 'access_denied'
  | 'outside_roots'
  | 'not_allowed'
  | 'not_supported'
  | 'no_folder'
  | 'no_repository'
  | 'git_failed'
  | 'no_changes'
  | 'conflict'
  | 'folder_busy'
  | 'session_busy'
  | 'no_session'
  | 'too_deep'
  | 'queue_full'
  | 'hour_limit'
  | 'day_limit'
  | 'rate_limited'
  | 'denied'
  | 'needs_approval'
  | 'disk_full'
  | 'spawn_failed'
  | 'store_unavailable'
  | 'store_busy';

/**
 * An error with a stable code. `message` says what happened and to what; `hint` what to do next.
 * Everything else that is thrown is a defect of ours.
 */
export class SidejobError extends Error {
  override readonly name = 'SidejobError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly hint?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  /** The line a model or a person reads: `code: what happened. What to do.` */
  get line(): string {
    return this.hint ? `${this.code}: ${this.message} ${this.hint}` : `${this.code}: ${this.message}`;
  }
}

/** The system's code of a failed system call (`ENOENT`, `EACCES` …), if the error carries one. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
