import { execFile } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { instantCli } from '../support/fake-cli.mjs';
import { floorServer } from '../support/floor-server.mjs';
import { figureOf, inTurn, timed } from '../support/measure.mjs';
import { OPENINGS, startRaw } from '../support/raw.mjs';
import { environment } from '../support/servers.mjs';

const execute = promisify(execFile);

export const title = 'First call, and commands';
export const about =
  'The first tool call of a server that has answered `initialize`: it loads the job manager and SQLite and opens the store, ' +
  'or makes it. The floor is the first call of a server with one tool on the same SDK. Then commands from start to end; ' +
  'their floor is Node with nothing to do.';

export async function run({ small, folder, server }) {
  await instantCli(folder);
  const floor = await floorServer(folder);
  const { initialize } = OPENINGS;
  const firstCall = async (which, name, args, home) => {
    const started = startRaw(which, home ?? folder);
    try {
      await started.request(initialize);
      started.notify('notifications/initialized');
      const call = { method: 'tools/call', params: { name, arguments: args } };
      let result;
      const ms = await timed(async () => {
        result = await started.request(call);
      });
      if (result.isError) throw new Error(result.content[0].text);
      return ms;
    } finally {
      await started.leave();
    }
  };
  let count = 0;
  /** None is like another: it would be joined. */
  const asking = () => {
    count += 1;
    return { provider: 'claude', prompt: `${process.pid} ${count}` };
  };
  const command = (...args) =>
    execute(server.command, [...server.args, ...args], { env: environment(folder), cwd: folder });
  const times = await inTurn(small ? 3 : 40, {
    floor: () => firstCall(floor, 'say', { text: 'ok' }),
    list: () => firstCall(server, 'llm_job_list', {}),
    run: () => firstCall(server, 'llm_run', asking()),
    made: async () => firstCall(server, 'llm_job_list', {}, await mkdtemp(join(folder, 'home-'))),
    node: () => execute(process.execPath, ['-e', '0']),
    version: () => command('--version'),
    completion: () => command('completion', 'bash'),
    jobs: () => command('list'),
  });
  return [
    figureOf('llm_job_list as the first call', times.list, { floor: times.floor }),
    figureOf('llm_job_list that makes the store', times.made, { floor: times.floor }),
    figureOf('llm_run as the first call', times.run, { floor: times.floor }),
    figureOf('sidejob --version', times.version, { floor: times.node }),
    figureOf('sidejob completion bash', times.completion, { floor: times.node }),
    figureOf('sidejob list', times.jobs, { floor: times.node }),
  ];
}
