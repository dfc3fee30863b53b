// The product's own server over HTTP, with the suite's tools beside its own. Prints its address, and goes with its parent.
import { createLog } from '../../src/log.js';
import { createServer } from '../../src/mcp/server.js';
import { Session } from '../../src/mcp/session.js';
import { Secrets } from '../../src/output/secrets/secrets.js';
import { FREE } from '../../src/policy/gate.js';
import { inlineScan } from '../support/secrets.js';
import { addFixtures, runJob } from './fixtures.js';
import { serveHttp } from './http.js';

addFixtures();
const secrets = new Secrets(process.env, false, inlineScan);
const session = new Session(process.env, createLog(process.env, secrets), secrets);
const call = {
  ...(await session.call('conformance', AbortSignal.timeout(60_000), undefined)),
  // A test's own jobs.
  passJobs: async () => FREE,
};

/** What a job writes, as the resource that the suite asks for by another name. */
async function written(command: string): Promise<string> {
  const { text } = await runJob(call, 0, command);
  return `job://${/\bsh-\w{8}\b/.exec(text)?.[0]}/stdout`;
}

const aliases = new Map([
  ['test://static-text', await written('echo done')],
  ['test://static-binary', await written(String.raw`printf '\377\000'`)],
  ['test://template/123/data', await written('echo 123')],
]);
console.log(await serveHttp(() => createServer(session), aliases));
process.stdin.resume().on('end', () => process.exit());
