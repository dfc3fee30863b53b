// The clients that real assistants embed, behind one interface: the 1.x SDK, the 2.x client in the protocol of
// 2026-07-28, and the 2.x client that has fallen back to `initialize`.
import { Client as ModernClient } from '@modelcontextprotocol/client';
import { StdioClientTransport as ModernTransport } from '@modelcontextprotocol/client/stdio';
import { Client as ClassicClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as ClassicTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { isAlive, signal } from './processes.js';
import { until } from './until.js';

export const ERAS = ['sdk 1.x', 'client 2.x', 'client 2.x, fallen back'] as const;
export type Era = (typeof ERAS)[number];

export interface ServerParameters {
  command: string;
  args: string[];
  env: Record<string, string>;
  cwd: string;
}

/** What came back from a tool. */
export interface Reply {
  text: string;
  data: Record<string, unknown> | undefined;
  isError: boolean;
}

/** A job as lists show it. */
export interface JobView {
  jobId: string;
  status: string;
  [name: string]: unknown;
}

export interface ToolInfo {
  name: string;
  inputSchema: { properties?: Record<string, unknown> };
  outputSchema?: object;
  annotations?: object;
  _meta?: Record<string, unknown>;
}

export interface ResourcePage {
  resources: { uri: string; name: string; title?: string; description?: string; mimeType?: string }[];
  nextCursor?: string;
}

/** One part of what a resource holds. */
export interface ResourcePart {
  uri: string;
  mimeType?: string;
  text?: string;
  blob?: string;
}

export interface PromptInfo {
  name: string;
  description?: string;
  arguments?: { name: string; description?: string; required?: boolean }[];
}

export interface Completion {
  values: string[];
  hasMore?: boolean;
}

export interface CallOptions {
  onprogress?: (progress: { progress: number; message?: string }) => void;
  signal?: AbortSignal;
  /** Milliseconds after which the client gives up; progress begins them anew. */
  timeout?: number;
}

type Transport = ClassicTransport | ModernTransport;
type Client = ClassicClient | ModernClient;

/** Starts a server and connects a client of that era to it. */
export async function connect(era: Era, name: string, parameters: ServerParameters): Promise<Assistant> {
  const identity = { name, version: '1.0.0' };
  const stdio = { ...parameters, stderr: 'pipe' as const };
  if (era === 'sdk 1.x') {
    const client = new ClassicClient(identity);
    const transport = new ClassicTransport(stdio);
    await client.connect(transport);
    return new Assistant(era, client, transport);
  }
  const fallsBack = era === 'client 2.x, fallen back';
  // Probed with a throw-away sibling; one that has no time to answer is what an old server looks like.
  const probe = fallsBack ? { timeoutMs: 1 } : {};
  const client = new ModernClient(identity, { versionNegotiation: { mode: 'auto', probe } });
  const transport = new ModernTransport(stdio);
  await client.connect(transport);
  const spoken = client.getProtocolEra();
  if (spoken !== (fallsBack ? 'legacy' : 'modern')) throw new Error(`${era} speaks the ${spoken} protocol`);
  return new Assistant(era, client, transport);
}

/** One client with a server of its own. */
export class Assistant {
  /** What the server has written to stderr. */
  stderr = '';
  /** What the client itself found wrong with the server's messages. */
  readonly complaints: Error[] = [];
  readonly pid: number;

  constructor(
    readonly era: Era,
    private readonly client: Client,
    transport: Transport,
  ) {
    if (transport.pid === null) throw new Error('the server has no pid');
    this.pid = transport.pid;
    transport.stderr?.on('data', (chunk) => {
      this.stderr += chunk;
    });
    client.onerror = (error) => this.complaints.push(error);
  }

  async tools(): Promise<ToolInfo[]> {
    return (await this.client.listTools()).tools as ToolInfo[];
  }

  get instructions(): string | undefined {
    return this.client.getInstructions();
  }

  async resources(cursor?: string): Promise<ResourcePage> {
    return (await this.client.listResources(cursor === undefined ? undefined : { cursor })) as ResourcePage;
  }

  async resourceTemplates(): Promise<string[]> {
    return (await this.client.listResourceTemplates()).resourceTemplates.map(({ uriTemplate }) => uriTemplate);
  }

  async read(uri: string): Promise<ResourcePart[]> {
    return (await this.client.readResource({ uri })).contents as ResourcePart[];
  }

  async prompts(): Promise<PromptInfo[]> {
    return (await this.client.listPrompts()).prompts as PromptInfo[];
  }

  /** The text of a prompt, with these arguments. */
  async prompt(name: string, args: Record<string, string> = {}): Promise<string> {
    const { messages } = await this.client.getPrompt({ name, arguments: args });
    return messages.map(({ content }) => (content.type === 'text' ? content.text : `[${content.type}]`)).join('\n');
  }

  /** What the server offers for an argument of a resource's template, or of a prompt. */
  async complete(of: { uri: string } | { prompt: string }, name: string, value: string): Promise<Completion> {
    const ref =
      'uri' in of ? { type: 'ref/resource' as const, uri: of.uri } : { type: 'ref/prompt' as const, name: of.prompt };
    return (await this.client.complete({ ref, argument: { name, value } })).completion as Completion;
  }

  async call(name: string, args: Record<string, unknown> = {}, options: CallOptions = {}): Promise<Reply> {
    const request = { name, arguments: args };
    const given = { resetTimeoutOnProgress: true, ...options };
    const result =
      this.client instanceof ModernClient
        ? await this.client.callTool(request, given)
        : await this.client.callTool(request, undefined, given);
    const blocks = result.content as { type: string; text?: string }[];
    return {
      text: blocks.map((block) => block.text ?? `[${block.type}]`).join('\n'),
      data: result.structuredContent as Reply['data'],
      isError: result.isError === true,
    };
  }

  /** The data of a call that must work. */
  async data(name: string, args: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    const reply = await this.call(name, args);
    if (reply.isError || !reply.data) throw new Error(`${name}: ${reply.text}`);
    return reply.data;
  }

  /** Submits one job (to the posing claude, if nobody else is named) and returns its id. */
  async submit(prompt: string, rest: Record<string, unknown> = {}): Promise<string> {
    const provider = 'providers' in rest ? {} : { provider: 'claude' };
    const { jobId } = await this.data('llm_job_submit', { prompt, ...provider, ...rest });
    return jobId as string;
  }

  async job(jobId: string): Promise<JobView> {
    const { jobs } = (await this.data('llm_job_status', { jobId })) as { jobs: JobView[] };
    if (!jobs[0]) throw new Error(`no status of ${jobId}`);
    return jobs[0];
  }

  /** Waits until the job has ended, and returns it as it is then. */
  async ended(jobId: string): Promise<JobView> {
    await this.call('llm_job_wait', { jobId, waitSec: 30 });
    return this.job(jobId);
  }

  /** Waits until the job's view satisfies a condition. */
  async jobWhen(jobId: string, what: string, condition: (job: JobView) => boolean): Promise<JobView> {
    return until(`${jobId} ${what}`, async () => {
      const job = await this.job(jobId);
      return condition(job) && job;
    });
  }

  /** Ends the server without a chance to tidy up. */
  async kill(): Promise<void> {
    signal(this.pid, 'SIGKILL');
    await until('the killed server is gone', async () => !(await isAlive(this.pid)));
    await this.close();
  }

  async close(): Promise<void> {
    await this.client.close();
  }
}
