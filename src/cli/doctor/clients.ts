// In which clients Sidejob is entered, and whether what is entered there can start.
import { access, constants, realpath } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import type { Paths } from '../../config/paths.js';
import { messageOf, SidejobError } from '../../errors.js';
import { type Finding, ok, problem, warn } from '../../jobs/doctor/finding.js';
import { type Client, EDITED, type Machine, SERVER } from '../mcp/clients.js';
import { editorOf, textError } from '../mcp/edit.js';
import { locate, read } from '../mcp/file.js';

/** Findings of every client in whose file there is an entry of ours, or whose file cannot be read. */
export async function clientFindings(machine: Machine, paths: Paths): Promise<Finding[]> {
  const findings = (await Promise.all(EDITED.map((client) => lookAt(client, machine, paths)))).flat();
  if (findings.length > 0) return findings;
  return [warn('clients', 'Sidejob is entered in none of the clients that it knows', 'sidejob mcp install CLIENT')];
}

async function lookAt(client: Client, machine: Machine, paths: Paths): Promise<Finding[]> {
  const check = `client ${client.name}`;
  const path = await locate(client, machine);
  try {
    const { text } = await read(path);
    const entry = text === undefined ? undefined : editorOf(client, SERVER).entry(text);
    return entry === undefined ? [] : [await judge(client, check, path, entry, machine, paths)];
  } catch (error) {
    const why = textError(error);
    // Its own trouble; but Sidejob is not there either, then.
    if (why !== undefined)
      return [warn(check, `${path}: ${why}`, `mend the file; ${client.title} cannot read it either`)];
    if (!(error instanceof SidejobError)) throw error;
    return [warn(check, messageOf(error).replace(/\.$/, ''), 'see who may read it')];
  }
}

async function judge(
  client: Client,
  check: string,
  path: string,
  entry: unknown,
  machine: Machine,
  paths: Paths,
): Promise<Finding> {
  const again = `sidejob mcp install ${client.name}`;
  const { command, args, env, enabled, disabled } = (entry ?? {}) as Record<string, unknown>;
  if (typeof command !== 'string') return problem(check, `${path}: the entry has no command`, again);
  if (!(await canRun(command, machine.env.PATH ?? ''))) {
    return problem(check, `${path}: its command ${command} is not there`, again);
  }
  const words = Array.isArray(args) ? args.map(String) : [];
  const script = words.find((word) => /^\/.*\.[cm]?js$/.test(word));
  if (script !== undefined && !(await isThere(script))) {
    return problem(check, `${path}: its program ${script} is not there`, again);
  }
  const home = (env as Record<string, unknown> | undefined)?.SIDEJOB_HOME ?? join(machine.home, '.sidejob');
  if ((await realpath(String(home)).catch(() => home)) !== paths.home) {
    const what = `${path}: it uses another data folder, ${home}; this is ${paths.home}`;
    return warn(check, what, `set SIDEJOB_HOME as it is meant (or not at all), then: ${again}`);
  }
  if (enabled === false || disabled === true) {
    return warn(check, `${path}: entered, but switched off`, `switch it on in ${client.title}`);
  }
  return ok(check, `entered in ${path}`);
}

async function canRun(command: string, searchPath: string): Promise<boolean> {
  const places = isAbsolute(command) ? [command] : searchPath.split(delimiter).map((folder) => join(folder, command));
  return (await Promise.all(places.map((place) => isThere(place, constants.X_OK)))).includes(true);
}

function isThere(path: string, mode: number = constants.R_OK): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}
