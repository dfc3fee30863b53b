// Serves MCP on stdin and stdout until the client goes away. Jobs go on.
import { writeSync } from 'node:fs';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { createLog } from '../log.js';
import { Secrets } from '../output/secrets/secrets.js';
import { createServer } from './server.js';
import { Session } from './session.js';
import { Subscriptions } from './subscriptions.js';
import { StdioTransport } from './transport.js';

/** The largest message taken; prompts of several megabytes are normal. A larger one gets an error. */
const MESSAGE_MAX_BYTES = 64 * 1024 * 1024;

/** @param policy the file of the policy, as the server's arguments name it */
export function serve(given: NodeJS.ProcessEnv, policy?: string): void {
  // Servers within jobs go by the same policy.
  const env = policy === undefined ? given : { ...given, SIDEJOB_POLICY: policy };
  const secrets = new Secrets(env);
  const log = createLog(env, secrets);
  const session = new Session(env, log, secrets, policy);
  let leaving = false;
  const leave = (status: number) => {
    if (leaving) return;
    leaving = true;
    session.close();
    process.exit(status);
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => leave(0));
  process.stdin.on('end', () => leave(0));
  process.stdin.on('close', () => leave(0));
  process.stdout.on('error', () => leave(0));
  process.on('uncaughtException', (error) => {
    // Written at once: the log itself is loaded with its first line, and this process is about to leave.
    const line = JSON.stringify({ level: 50, msg: 'uncaught exception', error: error.message, stack: error.stack });
    writeSync(2, `${secrets.maskKnown(line)}\n`);
    leave(1);
  });
  process.on('unhandledRejection', (reason) => {
    log.error({ error: String(reason), stack: reason instanceof Error ? reason.stack : '' }, 'unhandled rejection');
  });
  const transport = new StdioTransport(process.stdin, process.stdout, MESSAGE_MAX_BYTES);
  serveStdio(() => createServer(session), {
    transport: new Subscriptions(transport, session),
    onerror: (error) => log.warn({ error: error.message }, 'protocol'),
  });
}
