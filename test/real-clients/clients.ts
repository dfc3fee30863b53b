// How each real CLI is set up as an MCP client of Sidejob, and where in its requests the model finds what the server
// said. Seen with the versions in test/real-clis/install.mjs.
import { CLIS } from '../real-clis/clis.js';

export const CLIENT_NAMES = ['claude', 'codex', 'gemini'] as const;
export type ClientName = (typeof CLIENT_NAMES)[number];

export interface ServerEntry {
  command: string;
  args: string[];
  env: Record<string, string>;
}

export interface Place {
  home: string;
  /** Base URL of the fake model API. */
  url: string;
  server: ServerEntry;
  /** How long the client waits for a call, in ms; left out: its own limit. */
  patienceMs?: number;
}

export interface Call {
  tool: string;
  toolInput: object;
}

/** One call as the model sees it in a later request. */
export interface Exchange {
  tool: string;
  input: unknown;
  result: string;
  /** Whether the client tells the model that it is an error. */
  isError: boolean;
}

type Body = Record<string, unknown>;

export interface ClientSetup {
  env(place: Place): Record<string, string>;
  /** Its configuration files, by their path below the home folder. */
  files(place: Place): Record<string, string>;
  /** The arguments of a headless run, whose prompt comes on stdin. */
  args(place: Place): string[];
  /** What the model calls one of Sidejob's tools. */
  toolName(tool: string): string;
  /** The call with which the model fetches the schemas of tools that it was shown by name alone. */
  fetch?(tools: string[]): Call;
  /** A command in the client's own shell. */
  shell(command: string): Call;
  /** Sidejob's tools in a request, as the model is sent them. */
  toolsShown(body: Body): unknown[];
  exchanges(body: Body): Exchange[];
}

const bare = (name: string) => name.replace(/^mcp__?sidejob__?/, '');

export const CLIENTS: Readonly<Record<ClientName, ClientSetup>> = {
  claude: {
    env: ({ home, url, patienceMs }) => ({
      ...CLIS.claude.env({ home, url, impatient: false }),
      ...(patienceMs && { MCP_TOOL_TIMEOUT: String(patienceMs) }),
    }),
    files: ({ server }) => ({ 'mcp.json': JSON.stringify({ mcpServers: { sidejob: server } }) }),
    args: ({ home }) => [
      '-p',
      ...['--model', CLIS.claude.model],
      ...['--mcp-config', `${home}/mcp.json`, '--strict-mcp-config'],
      ...['--allowedTools', 'mcp__sidejob', 'Bash'],
    ],
    toolName: (tool) => `mcp__sidejob__${tool}`,
    fetch: (tools) => ({ tool: 'ToolSearch', toolInput: { query: `select:${tools.join(',')}` } }),
    shell: (command) => ({ tool: 'Bash', toolInput: { command } }),
    toolsShown: ({ tools }) => (tools as { name: string }[]).filter(({ name }) => name.startsWith('mcp__sidejob__')),
    exchanges: ({ messages }) => {
      const blocks = (messages as { content: string | Block[] }[]).flatMap(({ content }) =>
        typeof content === 'string' ? [] : content,
      );
      return blocks
        .filter(({ type }) => type === 'tool_use')
        .map(({ id, name = '', input }) => {
          const result = blocks.find(({ tool_use_id }) => tool_use_id === id);
          const isError = result?.is_error === true;
          return { tool: bare(name), input, result: claudeText(result?.content), isError };
        });
    },
  },
  codex: {
    env: ({ home, url }) => CLIS.codex.env({ home, url, impatient: false }),
    files: (place) => ({
      '.codex/config.toml': [
        CLIS.codex.files({ ...place, impatient: false })['.codex/config.toml'],
        '[mcp_servers.sidejob]',
        `command = ${JSON.stringify(place.server.command)}`,
        `args = ${JSON.stringify(place.server.args)}`,
        // Without it, `exec` refuses what is not read-only.
        'default_tools_approval_mode = "approve"',
        ...(place.patienceMs ? [`tool_timeout_sec = ${place.patienceMs / 1000}`] : []),
        '[mcp_servers.sidejob.env]',
        ...Object.entries(place.server.env).map(([name, value]) => `${name} = ${JSON.stringify(value)}`),
        '',
      ].join('\n'),
    }),
    // With its default model, tools are called from JavaScript.
    args: () => ['exec', '--skip-git-repo-check', '-s', 'workspace-write', '-m', 'gpt-5', '-'],
    toolName: (tool) => `mcp__sidejob__${tool}`,
    shell: (command) => ({ tool: 'exec_command', toolInput: { cmd: command } }),
    toolsShown: ({ tools }) => (tools as { name: string }[]).filter(({ name }) => name === 'mcp__sidejob'),
    exchanges: ({ input }) => {
      const items = input as Item[];
      return items
        .filter(({ type }) => type === 'function_call')
        .map(({ call_id, name = '', arguments: text = '' }) => {
          const output = items.find((item) => item.type === 'function_call_output' && item.call_id === call_id)?.output;
          const result = Array.isArray(output) ? output.map((part) => part.text).join('\n') : String(output);
          return { tool: name, input: JSON.parse(text), result, isError: false };
        });
    },
  },
  gemini: {
    env: ({ home, url }) => ({
      ...CLIS.gemini.env({ home, url, impatient: false }),
      // In a folder that is not trusted, it starts no server and allows nothing.
      GEMINI_CLI_TRUST_WORKSPACE: 'true',
    }),
    files: (place) => {
      const settings = JSON.parse(CLIS.gemini.files({ ...place, impatient: false })['.gemini/settings.json'] ?? '{}');
      const sidejob = { ...place.server, trust: true, ...(place.patienceMs && { timeout: place.patienceMs }) };
      return { '.gemini/settings.json': JSON.stringify({ ...settings, mcpServers: { sidejob } }) };
    },
    // Only so is there a shell in a headless run.
    args: () => ['--approval-mode', 'yolo', '--model', CLIS.gemini.model],
    toolName: (tool) => `mcp_sidejob_${tool}`,
    shell: (command) => ({ tool: 'run_shell_command', toolInput: { command } }),
    toolsShown: ({ tools }) =>
      (tools as { functionDeclarations?: { name: string }[] }[])
        .flatMap(({ functionDeclarations = [] }) => functionDeclarations)
        .filter(({ name }) => name.startsWith('mcp_sidejob_')),
    exchanges: ({ contents }) => {
      const parts = (contents as { parts: Part[] }[]).flatMap((content) => content.parts);
      const calls = parts.flatMap(({ functionCall }) => functionCall ?? []);
      const responses = parts.flatMap(({ functionResponse }) => functionResponse ?? []);
      return calls.map(({ id, name, args }) => {
        const { output, error } = responses.find((one) => one.id === id)?.response ?? {};
        return { tool: bare(name), input: args, result: error ?? output ?? '', isError: error !== undefined };
      });
    },
  },
};

/** What is read of Claude Code's messages, Codex's items and Gemini CLI's parts. */
interface Block {
  type: string;
  id?: string;
  name?: string;
  input?: unknown;
  tool_use_id?: string;
  is_error?: boolean;
  content?: string | { type: string; text?: string; tool_name?: string }[];
}

interface Item {
  type: string;
  name?: string;
  call_id?: string;
  arguments?: string;
  output?: string | { text: string }[];
}

interface Part {
  functionCall?: { id: string; name: string; args: unknown };
  functionResponse?: { id: string; response: { output?: string; error?: string } };
}

/** A result without the client's own reminder at its end. */
function claudeText(content: Block['content'] = ''): string {
  const text =
    typeof content === 'string'
      ? content
      : content.map((block) => block.text ?? `[${block.type} ${block.tool_name}]`).join('\n');
  return text.replace(/\s*<system-reminder>.*?<\/system-reminder>\s*$/s, '');
}
