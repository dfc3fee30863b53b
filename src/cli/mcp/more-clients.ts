// Clients for which the entry is only printed: what their vendors' pages say, none of it run by us. Read November 2026.
import { join } from 'node:path';
import type { Client, Machine } from './clients.js';

type Printed = Pick<Client, 'name' | 'title' | 'files' | 'key'> & Partial<Client>;

const LIST: readonly Printed[] = [
  {
    name: 'windsurf',
    title: 'Windsurf',
    // https://docs.windsurf.com/windsurf/cascade/mcp
    files: ({ home }) => [join(home, '.codeium', 'windsurf', 'mcp_config.json')],
    key: 'mcpServers',
  },
  {
    name: 'zed',
    title: 'Zed',
    // https://zed.dev/docs/ai/mcp; the file: https://zed.dev/docs/configuring-zed
    files: ({ env, home, platform }) => {
      if (platform === 'win32') return [join(env.APPDATA || join(home, 'AppData', 'Roaming'), 'Zed', 'settings.json')];
      return [join((platform === 'linux' && env.XDG_CONFIG_HOME) || join(home, '.config'), 'zed', 'settings.json')];
    },
    key: 'context_servers',
  },
  {
    name: 'opencode',
    title: 'OpenCode',
    // https://opencode.ai/v1/docs/mcp-servers/; version 2 goes on reading it: https://opencode.ai/docs/migrate-v1/
    files: (machine) => [join(xdg(machine), 'opencode', 'opencode.json')],
    key: 'mcp',
    shape: ({ command, args, env }) => ({
      ...{ type: 'local', command: [command, ...args], enabled: true },
      ...(env && { environment: env }),
    }),
    note: 'opencode.jsonc beside it does as well.',
  },
  {
    name: 'copilot',
    title: 'GitHub Copilot CLI',
    // What `copilot mcp add` (of November 2026) writes, seen; COPILOT_HOME:
    // https://code.visualstudio.com/docs/agents/reference/mcp-configuration.md
    files: ({ env, home }) => [join(env.COPILOT_HOME || join(home, '.copilot'), 'mcp-config.json')],
    key: 'mcpServers',
    shape: (entry) => ({ type: 'local', ...entry, tools: ['*'] }),
  },
  {
    name: 'qwen',
    title: 'Qwen Code',
    // What `qwen mcp add --scope user` (0.24.4) writes, seen.
    files: ({ home }) => [join(home, '.qwen', 'settings.json')],
    key: 'mcpServers',
  },
  {
    name: 'kiro',
    title: 'Kiro',
    // https://kiro.dev/docs/mcp/configuration
    files: ({ home }) => [join(home, '.kiro', 'settings', 'mcp.json')],
    key: 'mcpServers',
  },
  {
    name: 'cline',
    title: 'Cline',
    // https://docs.cline.bot/mcp/adding-and-configuring-servers.md
    files: ({ env, home }) => [
      env.CLINE_MCP_SETTINGS_PATH || join(home, '.cline', 'data', 'settings', 'cline_mcp_settings.json'),
    ],
    key: 'mcpServers',
    note: 'In an editor: the icon "MCP Servers", "Configure MCP Servers" opens the file. Calls last a minute there unless "timeout" (seconds) says more.',
  },
  {
    name: 'lm-studio',
    title: 'LM Studio',
    // https://lmstudio.ai/docs/app/mcp
    files: ({ home }) => [join(home, '.lmstudio', 'mcp.json')],
    key: 'mcpServers',
    note: 'In the app: Program, Install, "Edit mcp.json" opens the file.',
  },
];

export const PRINTED: readonly Client[] = LIST.map((client) => ({
  ...{ fields: {}, next: `Restart ${client.title}.`, allow: { how: '' } },
  ...client,
}));

function xdg({ env, home }: Machine): string {
  return env.XDG_CONFIG_HOME || join(home, '.config');
}
