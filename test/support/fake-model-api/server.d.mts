// The types of server.mjs, as far as tests use it.

/** See README.md; values are converted to the type of the default. */
export interface Knobs {
  reply?: string;
  chunks?: number;
  delayMs?: number;
  status?: number;
  failTimes?: number;
  retryAfter?: number | '';
  hang?: '' | 'start' | 'middle';
  cut?: boolean;
  tool?: string;
  toolInput?: object | string;
  tools?: readonly { tool: string; toolInput?: object }[] | string;
  structuredReply?: object | string;
  inputTokens?: number;
  outputTokens?: number;
  /** In a base URL only: keeps two equal ones apart. */
  id?: string;
}

export interface LoggedRequest {
  /** Milliseconds since 1970. */
  at: number;
  method: string;
  path: string;
  /** The wire format; null if the path has none. */
  api: string | null;
  headers: Record<string, string>;
  body: Record<string, unknown>;
  /** Whether the client hung up; absent while the reply is under way. */
  aborted?: boolean;
}

export interface FakeModelApi {
  /** Base URL. */
  readonly url: string;
  readonly port: number;
  /** Base URL whose requests use these knobs on top of the server's own. */
  urlWith(knobs: Knobs): string;
  requests(): LoggedRequest[];
  set(knobs: Knobs): void;
  reset(): void;
  close(): Promise<void>;
}

export function startFakeModelApi(options?: {
  port?: number;
  knobs?: Knobs;
  onRequest?: (request: LoggedRequest) => void;
}): Promise<FakeModelApi>;
