// An MCP client for a server that has just been packed: what it says of itself, and one job.
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

/** The words in which the demo program answers. */
const DEMO = 'This is the demo program of Sidejob';

/**
 * Runs `use` with a client of a server of its own, which is gone afterwards.
 * @param parameters command, args, env (all of it) and cwd of the server
 * @throws Error with what the server wrote to stderr
 */
export async function withServer(parameters, use) {
  const transport = new StdioClientTransport({ ...parameters, stderr: 'pipe' });
  let stderr = '';
  transport.stderr?.on('data', (piece) => {
    stderr += piece;
  });
  const client = new Client({ name: 'release-check', version: '1' });
  try {
    await client.connect(transport);
    return await use(client);
  } catch (error) {
    throw new Error(`${error.message}${stderr && `; stderr: ${stderr.slice(-2000)}`}`, { cause: error });
  } finally {
    await client.close();
  }
}

/** What a bundle's manifest says of the server. */
export async function toolsOf(client) {
  const { tools } = await client.listTools();
  const { prompts } = await client.listPrompts();
  return { tools, hasPrompts: prompts.length > 0 };
}

/** Asks for the version and the tools, and runs one job to its end. */
export async function proveServer(client, { version, tools }) {
  const says = client.getServerVersion()?.version;
  if (says !== version) throw new Error(`the server says it is ${says}, not ${version}`);
  const names = (await client.listTools()).tools.map(({ name }) => name);
  if (names.join() !== tools.join()) throw new Error(`the server has the tools ${names.join(', ')}`);
  const call = { name: 'llm_run', arguments: { provider: 'demo', prompt: 'Are you packed?' } };
  const { content, isError } = await client.callTool(call);
  const text = content.map((part) => part.text).join('\n');
  if (isError || !text.includes('completed') || !text.includes(DEMO)) throw new Error(`the job says: ${text}`);
}
