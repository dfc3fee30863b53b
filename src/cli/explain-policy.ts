// `sidejob policy explain`: what the policy says of a call, and why. Without the store and the CLIs, so what a server
// would find out is assumed, and what was assumed is said.
import { realpath } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { loadConfig } from '../config/config.js';
import { nearest } from '../config/nearest.js';
import { resolvePaths } from '../config/paths.js';
import { messageOf, SidejobError } from '../errors.js';
import { parseChain } from '../jobs/chain.js';
import { withCustomProviders } from '../jobs/custom-providers.js';
import { withPanels } from '../jobs/panels.js';
import { type Decision, judge } from '../policy/decide.js';
import { PolicyFile, type PolicyPlace } from '../policy/load.js';
import type { Facts, PolicyRequest } from '../policy/request.js';
import { STARTING_TOOLS, TOOL_ARGUMENTS } from '../policy/tools.js';
import { PROVIDERS } from '../providers/registry.js';
import type { CommandContext } from './context.js';

const WORDS = { allow: 'allowed', approve: 'needs approval', deny: 'denied' } as const;

/**
 * Prints the decision. Exit status 1 if the policy is broken, 2 if there is no such tool.
 * @param argsJson the arguments of the call, an object
 */
export async function explainCall(
  { env, stdout, stderr }: CommandContext,
  place: PolicyPlace,
  tool: string,
  argsJson: string,
  json: boolean,
): Promise<number> {
  const known = [...TOOL_ARGUMENTS.keys()];
  if (!known.includes(tool)) {
    const near = nearest(tool, known);
    // Not thrown: in errors, names of tools are put into the words of the command line.
    stderr(`sidejob policy explain: no tool "${tool}"; ${near ? `${near}?` : `there are ${known.join(', ')}.`}\n`);
    return 2;
  }
  const { request, assumed } = await requestOf(env, tool, checked(tool, parse(argsJson)));
  const current = await new PolicyFile(place).current();
  const decision = judge(current, request);
  if (json) {
    const policy = current.policy || current.broken ? place : null;
    stdout(`${JSON.stringify({ decision, policy, request, assumed }, null, 2)}\n`);
  } else {
    stdout(
      `${[...told(tool, decision, place), ...factLines(request), ...assumed.map((each) => `assumed  ${each}`)].join('\n')}\n`,
    );
  }
  return current.broken ? 1 : 0;
}

function parse(text: string): Record<string, unknown> {
  let args: unknown;
  try {
    args = JSON.parse(text);
  } catch (error) {
    throw new SidejobError('bad_argument', `--args is not valid JSON: ${messageOf(error)}.`);
  }
  if (typeof args !== 'object' || args === null || Array.isArray(args)) {
    throw new SidejobError('bad_argument', '--args must be an object: \'{"access":"edit"}\'.');
  }
  return args as Record<string, unknown>;
}

/** As a server takes them: without nulls, and none that the tool does not have. */
function checked(tool: string, args: Record<string, unknown>): Record<string, unknown> {
  const known = TOOL_ARGUMENTS.get(tool) ?? [];
  const given = Object.entries(args).filter(([, value]) => value !== null);
  const unknown = given.find(([name]) => !known.includes(name));
  if (unknown) {
    const near = nearest(unknown[0], [...known]);
    throw new SidejobError('bad_argument', `${tool} takes no "${unknown[0]}"${near ? `; ${near}?` : '.'}`);
  }
  return Object.fromEntries(given);
}

/** The request as a server would understand it, as far as that can be told from here. */
async function requestOf(env: NodeJS.ProcessEnv, tool: string, args: Record<string, unknown>) {
  const assumed: string[] = [];
  if (!STARTING_TOOLS.includes(tool)) return { request: { tool, args, facts: [{}] }, assumed };
  const { provider, providers, judge, model, access, cwd, prompt, outputSchema, continueJob, isolate } = args;
  const config = await loadConfig(resolvePaths(env).config, env);
  const there = withCustomProviders(PROVIDERS, config);
  const texts = (value: unknown) => (Array.isArray(value) ? value : [value]).filter((each) => typeof each === 'string');
  const [fixedModel] = texts(model);
  const names = withPanels(config.panels, texts(providers ?? provider));
  // Each that may come to run is decided about as itself; the model beside them is not the judge's.
  const asked = names.flatMap((name) =>
    parseChain(there, name, fixedModel).map((one) => ({ model: fixedModel, ...one })),
  );
  const judges = texts(judge === 'auto' ? undefined : judge).flatMap((name) => parseChain(there, name, undefined));
  if (names.length === 0 && judge === undefined) assumed.push('provider "unknown": a server takes a ready CLI');
  if (judge === 'auto') assumed.push('judge "unknown": a server takes one that is not among the asked');
  if (cwd === undefined) assumed.push("cwd: the folder you are in; a server takes its client's project");
  if (access === undefined) assumed.push('access read-only, the default');
  assumed.push('depth 1: called by your own assistant, not by a job');
  const facts = {
    access: typeof access === 'string' ? access : 'read-only',
    cwd: await realFolder(typeof cwd === 'string' ? cwd : process.cwd()),
    depth: 1,
    promptLength: typeof prompt === 'string' ? prompt.length : 0,
    structured: outputSchema !== undefined,
    isolate: isolate === true || isolate === 'with-changes',
    ...(typeof continueJob === 'string' && { continueJob }),
  };
  const factsFor = (name: string, own: string | undefined): Facts => ({
    provider: name,
    ...(own !== undefined && { model: own }),
    ...facts,
  });
  const judging = { access: 'read-only', structured: true, isolate: false };
  const all = [
    ...asked.map((one) => factsFor(one.provider.name, one.model)),
    ...(names.length === 0 && judge === undefined ? [factsFor('unknown', fixedModel)] : []),
    ...judges.map((one) => ({ ...factsFor(one.provider.name, one.model), ...judging })),
    ...(judge === 'auto' ? [{ ...factsFor('unknown', undefined), ...judging }] : []),
  ];
  return { request: { tool, args, facts: all }, assumed };
}

/** With symbolic links resolved, as far as the folder is there. */
async function realFolder(path: string): Promise<string> {
  const full = resolve(path);
  try {
    return await realpath(full);
  } catch {
    const parent = dirname(full);
    return parent === full ? full : join(await realFolder(parent), full.slice(parent.length));
  }
}

function told(tool: string, decision: Decision, { file, origin }: PolicyPlace): string[] {
  const lines = [`${tool} is ${WORDS[decision.effect]}`.replace('is needs', 'needs')];
  lines.push(`rule     ${decision.rule}`, `because  ${decision.detail}`);
  if (decision.reason) lines.push(`reason   ${decision.reason}`);
  if (decision.rule !== 'none') lines.push(`policy   ${file}${origin === 'default' ? '' : ` (${origin})`}`);
  if (decision.effect === 'deny') return lines;
  for (const { rule, max, windowSec } of decision.rateLimits)
    lines.push(`counts   ${rule}: ${max} in ${windowSec} s, by session`);
  for (const { rule, counter, max, window } of decision.limits)
    lines.push(`counts   ${rule}: ${counter}, ${max} per ${window}`);
  return lines;
}

function factLines({ facts }: PolicyRequest): string[] {
  return facts
    .filter((each) => Object.keys(each).length > 0)
    .map(
      (each) =>
        `facts    ${Object.entries(each)
          .map(([name, value]) => `${name}=${value}`)
          .join(' ')}`,
    );
}
