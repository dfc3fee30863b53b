// The table of subcommands: their groups, what help says of each in one line, and where each one is. A module is
// loaded when its command is called, and no sooner.
import type { Command } from './context.js';

export interface Entry {
  name: string;
  group: (typeof GROUPS)[number];
  /** What it takes, as help shows it. */
  args: string;
  about: string;
  /** Not listed by itself: another command's line tells of it. */
  told?: true;
  /** What its words are, for completion: words of its own, or a kind of thing that is looked up. */
  words?: readonly string[] | 'job' | 'approval' | 'client' | 'file';
  load(): Promise<Command>;
}

export const GROUPS = ['Ask', 'Look', 'Manage', 'Control', 'Set up'] as const;

export const COMMANDS: readonly Entry[] = [
  {
    ...{ name: 'run', group: 'Ask', args: '"PROMPT"', about: 'ask, and see the answer as it comes' },
    load: async () => (await import('./run.js')).runCommand,
  },
  {
    ...{ name: 'submit', group: 'Ask', args: '"PROMPT"', about: 'start a job, and get its id' },
    load: async () => (await import('./run.js')).submitCommand,
  },
  {
    ...{ name: 'continue', group: 'Ask', args: 'ID "PROMPT"', about: 'go on with the conversation of a job' },
    words: 'job',
    load: async () => (await import('./run.js')).continueCommand,
  },
  {
    ...{ name: 'retry', group: 'Ask', args: 'ID', about: 'ask the same again, as a new job', words: 'job' },
    load: async () => (await import('./run.js')).retryCommand,
  },
  {
    ...{ name: 'review', group: 'Ask', args: '[PATH...]', about: 'have changes reviewed, by one or several' },
    words: 'file',
    load: async () => (await import('./review.js')).reviewCommand,
  },
  {
    ...{ name: 'open', group: 'Ask', args: 'ID', about: 'go on with it in the CLI itself, here', words: 'job' },
    load: async () => (await import('./open.js')).openCommand,
  },
  {
    ...{ name: 'list', group: 'Look', args: '', about: 'jobs that run, or ended unread; --watch: live' },
    load: async () => (await import('./list.js')).listCommand,
  },
  {
    ...{ name: 'show', group: 'Look', args: 'ID', about: 'one job with its answer', words: 'job' },
    load: async () => (await import('./show.js')).showCommand,
  },
  {
    ...{ name: 'result', group: 'Look', args: 'ID', about: 'its answer alone, or what else it left', words: 'job' },
    load: async () => (await import('./result.js')).resultCommand,
  },
  {
    ...{ name: 'logs', group: 'Look', args: 'ID', about: 'what it printed; -f: follow to its end', words: 'job' },
    load: async () => (await import('./logs.js')).logsCommand,
  },
  {
    ...{ name: 'wait', group: 'Look', args: 'ID...', about: 'wait for jobs to end', words: 'job' },
    load: async () => (await import('./wait.js')).waitCommand,
  },
  {
    ...{ name: 'usage', group: 'Look', args: '', about: 'what jobs have used, by provider and day' },
    load: async () => (await import('./usage.js')).usageCommand,
  },
  {
    ...{
      name: 'diff',
      group: 'Manage',
      args: 'ID',
      about: 'what an isolated job has changed; apply, discard: what becomes of it',
    },
    words: 'job',
    load: async () => (await import('./diff.js')).diffCommand,
  },
  {
    ...{
      name: 'apply',
      group: 'Manage',
      args: 'ID',
      about: 'bring the changes of an isolated job into the folder that it came from',
      words: 'job',
      told: true,
    },
    load: async () => (await import('./apply.js')).applyCommand,
  },
  {
    ...{
      name: 'discard',
      group: 'Manage',
      args: 'ID',
      about: 'throw the changes of an isolated job away',
      words: 'job',
      told: true,
    },
    load: async () => (await import('./discard.js')).discardCommand,
  },
  {
    ...{ name: 'cancel', group: 'Manage', args: 'ID...', about: 'end jobs with their processes', words: 'job' },
    load: async () => (await import('./cancel.js')).cancelCommand,
  },
  {
    ...{ name: 'pin', group: 'Manage', args: 'ID...', about: 'keep jobs for good; unpin: not any more', words: 'job' },
    load: async () => (await import('./pin.js')).pinCommand,
  },
  {
    ...{
      name: 'unpin',
      group: 'Manage',
      args: 'ID...',
      about: 'keep jobs no longer than others',
      words: 'job',
      told: true,
    },
    load: async () => (await import('./pin.js')).unpinCommand,
  },
  {
    ...{ name: 'prune', group: 'Manage', args: '', about: 'remove jobs that ended and were read' },
    load: async () => (await import('./prune.js')).pruneCommand,
  },
  {
    ...{ name: 'approvals', group: 'Control', args: '', about: 'calls that wait for your word' },
    load: async () => (await import('./approvals.js')).approvalsCommand,
  },
  {
    ...{
      name: 'approve',
      group: 'Control',
      args: 'ID',
      about: 'shows such a call, and lets it pass once; deny: refuses it',
    },
    words: 'approval',
    load: async () => (await import('./approve.js')).approveCommand,
  },
  {
    ...{ name: 'deny', group: 'Control', args: 'ID', about: 'refuses such a call', words: 'approval', told: true },
    load: async () => (await import('./approve.js')).denyCommand,
  },
  {
    ...{ name: 'policy', group: 'Control', args: 'check|explain|init', about: 'what assistants may do' },
    words: ['check', 'explain', 'init'],
    load: async () => (await import('./policy.js')).policyCommand,
  },
  {
    ...{ name: 'audit', group: 'Control', args: '', about: 'what was done and decided; -f: and what comes' },
    load: async () => (await import('./audit.js')).auditCommand,
  },
  {
    ...{ name: 'providers', group: 'Set up', args: '[add|test]', about: 'the CLIs there are, and what is wrong' },
    words: ['add', 'test'],
    load: async () => (await import('./providers.js')).providersCommand,
  },
  {
    ...{ name: 'doctor', group: 'Set up', args: '', about: 'what is wrong here, and what to do about it' },
    load: async () => (await import('./doctor.js')).doctorCommand,
  },
  {
    ...{ name: 'config', group: 'Set up', args: '[edit|path|...]', about: 'settings, and where they come from' },
    words: ['show', 'edit', 'path', 'template', 'schema'],
    load: async () => (await import('./config.js')).configCommand,
  },
  {
    ...{ name: 'mcp', group: 'Set up', args: 'install|uninstall|print CLIENT', about: 'your MCP clients' },
    words: 'client',
    load: async () => (await import('./mcp.js')).mcpEntry,
  },
  {
    ...{ name: 'completion', group: 'Set up', args: 'bash|zsh|fish', about: 'for the Tab key of your shell' },
    words: ['bash', 'zsh', 'fish'],
    load: async () => (await import('./completion.js')).completionCommand,
  },
];

/** Not shown: what the scripts of `completion` ask. */
export const COMPLETE = '__complete';

/** The command of that name. */
export function entryOf(name: string): Entry | undefined {
  return COMMANDS.find((entry) => entry.name === name);
}
