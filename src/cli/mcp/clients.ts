// The MCP clients whose configuration we can edit, as data: where the file is, what an entry looks like there, and what
// a person does next. Sources (read November 2026) stand with each. Those that we only print: more-clients.ts.
import { join } from 'node:path';
import { PRINTED } from './more-clients.js';

/** What decides where a client keeps its files; passed in, so that a test can have another machine. */
export interface Machine {
  readonly env: NodeJS.ProcessEnv;
  readonly home: string;
  readonly platform: NodeJS.Platform;
}

/** How a client is told to start us. */
export interface ServerEntry {
  readonly command: string;
  readonly args: string[];
  readonly env?: Record<string, string>;
}

export interface Client {
  readonly name: string;
  readonly title: string;
  /** Where its file may be: the first whose folder exists. On Windows a `*` stands for the rest of a folder's name. */
  files(machine: Machine): string[];
  /** The key under which the file lists its servers. */
  readonly key: string;
  /** Default: JSON. */
  readonly format?: 'toml';
  /** What its JSON may hold beside JSON. Default: nothing that we know of. */
  readonly takes?: 'comments' | 'comments and trailing commas';
  /** What its entries hold besides command and args. */
  readonly fields: Readonly<Record<string, string>>;
  /** Its entry, where it is not `fields` with command, args and env. */
  shape?(entry: ServerEntry): Record<string, unknown>;
  /** A word for whoever pastes it. */
  readonly note?: string;
  /** What to do after the file was changed. */
  readonly next: string;
  /** How to let it use the read-only tools without a prompt. */
  readonly allow: { readonly how: string; readonly lines?: object | string };
}

/** The name of our entry, and so the prefix of our tools in every client. */
export const SERVER = 'sidejob';

// llm_job_submit and llm_job_cancel are left out: what changes files or ends work should ask.
const READ_ONLY_TOOLS = [
  'llm_run',
  'llm_job_status',
  'llm_job_wait',
  'llm_job_result',
  'llm_job_list',
  'llm_providers',
  'llm_process_health',
];

const DESKTOP_FILE = join('Claude', 'claude_desktop_config.json');
const CODE_FILE = join('Code', 'User', 'mcp.json');

/** Those that install and uninstall know. */
export const EDITED: readonly Client[] = [
  {
    name: 'claude-code',
    title: 'Claude Code',
    // User scope: https://code.claude.com/docs/en/mcp-quickstart, "Find your configuration on disk" (mcpServers at the
    // top of ~/.claude.json; %USERPROFILE% on Windows; inside CLAUDE_CONFIG_DIR if that is set).
    files: ({ env, home }) => [join(env.CLAUDE_CONFIG_DIR || home, '.claude.json')],
    key: 'mcpServers',
    // https://code.claude.com/docs/en/mcp, "Add MCP servers from JSON configuration".
    fields: { type: 'stdio' },
    next: 'Start Claude Code again; /mcp shows whether sidejob is connected.',
    // https://code.claude.com/docs/en/permissions, "MCP"; https://code.claude.com/docs/en/settings for the file.
    allow: {
      how: 'To let Claude Code use the read-only tools without asking, add to settings.json in ~/.claude (or in CLAUDE_CONFIG_DIR):',
      lines: { permissions: { allow: READ_ONLY_TOOLS.map((tool) => `mcp__${SERVER}__${tool}`) } },
    },
  },
  {
    name: 'claude-desktop',
    title: 'Claude Desktop',
    // macOS, Windows: https://modelcontextprotocol.io/docs/develop/connect-local-servers. As an MSIX package, which the
    // Windows installer is since February 2026, it reads a virtualized folder of its own instead
    // (https://github.com/anthropics/claude-code/issues/26073). Linux: no page of Anthropic's names the file; it is where
    // Electron keeps an app's data (https://www.electronjs.org/docs/latest/api/app#appgetpathname) and where users of
    // the Linux builds find it.
    files: (machine) => {
      if (machine.platform !== 'win32') return [join(appData(machine), DESKTOP_FILE)];
      const local = machine.env.LOCALAPPDATA || join(machine.home, 'AppData', 'Local');
      return [
        join(local, 'Packages', 'Claude_*', 'LocalCache', 'Roaming', DESKTOP_FILE),
        join(appData(machine), DESKTOP_FILE),
      ];
    },
    key: 'mcpServers',
    fields: {},
    // "completely quit": the same page. That a running app may write its own copy back over the file is reported in
    // https://github.com/anthropics/claude-code/issues/90101.
    next: 'Quit Claude Desktop completely and start it again. Should sidejob be missing then, quit it first and run this again: a running app may write its own copy of the file back.',
    // No file is documented for this: it is the app's own setting.
    allow: {
      how: 'Claude Desktop asks before a tool runs; what it may always do is set in the app, not in this file.',
    },
  },
  {
    name: 'cursor',
    title: 'Cursor',
    // https://cursor.com/docs/mcp: the global file; the same path on every platform.
    files: ({ home }) => [join(home, '.cursor', 'mcp.json')],
    key: 'mcpServers',
    fields: {},
    next: 'Restart Cursor; its list of MCP servers then shows sidejob, where it may have to be switched on.',
    // https://cursor.com/docs/reference/permissions: the file, and that its list takes the place of the one in the app;
    // `server:tool` as in https://www.productionai.institute/insights/cursor-permissions-json-schema-reference.
    allow: {
      how: 'To let Cursor use the read-only tools without asking, add to ~/.cursor/permissions.json (its mcpAllowlist takes the place of the one in Cursor Settings):',
      lines: { mcpAllowlist: READ_ONLY_TOOLS.map((tool) => `${SERVER}:${tool}`) },
    },
  },
  {
    name: 'vscode',
    title: 'VS Code',
    // mcp.json in the user profile, key `servers`, type `stdio`:
    // https://code.visualstudio.com/docs/agents/reference/mcp-configuration.md. The folder of the default profile is that
    // of settings.json: https://code.visualstudio.com/docs/configure/settings#_settings-file-locations.
    files: (machine) => [join(appData(machine), CODE_FILE)],
    key: 'servers',
    // Its JSON files are JSON with comments: https://code.visualstudio.com/docs/languages/json#_json-with-comments.
    takes: 'comments and trailing commas',
    fields: { type: 'stdio' },
    next: 'VS Code sees the change by itself; "MCP: List Servers" shows sidejob and starts it. This is the default profile: for another one, "MCP: Open User Configuration" opens its file, to name with --file.',
    // https://code.visualstudio.com/docs/agents/agent-tools: approvals are given in the app, once, or for good.
    allow: { how: 'VS Code asks before a tool runs; the choices beside "Allow" let it use a tool always.' },
  },
  {
    name: 'codex',
    title: 'Codex',
    // What `codex mcp add` (0.169.0) writes, seen; CODEX_HOME moves the folder.
    // https://github.com/openai/codex/blob/main/docs/config.md, "mcp_servers".
    files: ({ env, home }) => [join(env.CODEX_HOME || join(home, '.codex'), 'config.toml')],
    key: 'mcp_servers',
    format: 'toml',
    fields: {},
    next: 'Start Codex again; "codex mcp list" shows sidejob.',
    // Seen with 0.169.0; see docs/clients.md. The values: https://github.com/openai/codex/issues/20195.
    allow: {
      how: 'Codex uses the tools that change nothing without asking. Headless (codex exec) it refuses the others, unless this is added:',
      lines: `[mcp_servers.${SERVER}]\ndefault_tools_approval_mode = "approve"`,
    },
  },
  {
    name: 'gemini',
    title: 'Gemini CLI',
    // What `gemini mcp add --scope user` (0.61.0) writes, seen; GEMINI_CLI_HOME stands for the home folder (its source).
    // https://github.com/google-gemini/gemini-cli/blob/main/docs/tools/mcp-server.md.
    files: ({ env, home }) => [join(env.GEMINI_CLI_HOME || home, '.gemini', 'settings.json')],
    key: 'mcpServers',
    // Seen with 0.61.0, which refuses a trailing comma.
    takes: 'comments',
    fields: {},
    next: 'Start Gemini CLI again; /mcp shows sidejob. It starts no server in a folder that it does not trust.',
    // `trust`: the same page. Seen headless; see docs/clients.md.
    allow: {
      how: 'To let Gemini CLI use every tool of Sidejob without asking, and headless at all, add to the entry:',
      lines: '"trust": true',
    },
  },
];

/** All, with those that are only printed. */
export const CLIENTS: readonly Client[] = [...EDITED, ...PRINTED];

/** Where apps keep their data on this platform: what Electron calls `appData`. */
export function appData({ env, home, platform }: Machine): string {
  if (platform === 'darwin') return join(home, 'Library', 'Application Support');
  if (platform === 'win32') return env.APPDATA || join(home, 'AppData', 'Roaming');
  return env.XDG_CONFIG_HOME || join(home, '.config');
}
