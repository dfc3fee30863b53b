// The product's own server over HTTP, with the suite's tools beside its own. Prints its address, and goes with its parent.
import { createLog } from '../../src/log.js';
import { createServer } from '../../src/mcp/server.js';
import { Session } from '../../src/mcp/session.js';
import { Secrets } from '../../src/output/secrets/secrets.js';
import { inlineScan } from '../support/secrets.js';
import { addFixtures, runJob } from './fixtures.js';
import { serveHttp } from './http.js';

addFixtures();
const secrets = new Secrets(process.env, false, inlineScan);
const session = new Session(process.env, createLog(process.env, secrets), secrets);
// So that there is a resource to list and to read.
await runJob(await session.call('conformance', AbortSignal.timeout(20_000), undefined), 0, 'echo done');
console.log(await serveHttp(() => createServer(session)));
process.stdin.resume().on('end', () => process.exit());
