// A clean machine: an empty HOME, an empty project, a PATH with one Node and the system's own programs, and npm's newest
// major, which runs no install scripts.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { NPM } from './tools.mjs';

export const run = promisify(execFile);

// What this network needs for a registry to be reached: its proxy, and its certificates.
const NETWORK = [
  'HTTPS_PROXY',
  'HTTP_PROXY',
  'NO_PROXY',
  'https_proxy',
  'http_proxy',
  'no_proxy',
  'NODE_EXTRA_CA_CERTS',
];
const network = Object.fromEntries(NETWORK.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));

/** How npm reaches its registry here: its own file, which lies in the HOME that the machine does not have. */
async function userConfig() {
  return (await run('npm', ['config', 'get', 'userconfig'])).stdout.trim();
}

export class Machine {
  #config;

  constructor(root, node, config) {
    this.root = root;
    this.node = node;
    this.home = join(root, 'home');
    this.project = join(root, 'project');
    this.#config = config;
  }

  /** @param node path of the Node that its PATH leads to */
  static async create(node) {
    const root = await realpath(await mkdtemp(join(tmpdir(), 'sidejob-release-')));
    const machine = new Machine(root, node, await userConfig());
    for (const folder of [machine.home, machine.project]) await mkdir(folder);
    return machine;
  }

  get env() {
    return {
      ...network,
      HOME: this.home,
      PATH: [dirname(this.node), '/usr/bin', '/bin'].join(':'),
      SHELL: '/bin/sh',
      LANG: 'C.UTF-8',
      npm_config_userconfig: this.#config,
      npm_config_ignore_scripts: 'true',
      npm_config_update_notifier: 'false',
    };
  }

  /** A command that runs a package from a file, as `npx -y sidejob` will run it from the registry. */
  npx(tarball, ...args) {
    const command = { command: this.node, args: [NPM.npx, '-y', `file:${tarball}`, ...args] };
    return { ...command, env: this.env, cwd: this.project };
  }

  /** @returns what a command has printed */
  async run({ command, args, env = this.env, cwd = this.project }) {
    const { stdout } = await run(command, args, { env, cwd, timeout: 120_000, maxBuffer: 16 * 1024 * 1024 });
    return stdout;
  }

  async version() {
    return `Node ${(await this.run({ command: this.node, args: ['-p', 'process.versions.node'] })).trim()}`;
  }

  async remove() {
    await rm(this.root, { recursive: true, force: true });
  }
}
