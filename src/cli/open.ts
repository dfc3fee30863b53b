// `sidejob open ID`: a job's conversation in the CLI itself, on this terminal.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { SidejobError } from '../errors.js';
import { checkPerson } from '../jobs/checks.js';
import { type Interactive, interactiveOf } from '../jobs/interactive.js';
import { requireJob } from '../jobs/lookup.js';
import { settledJob } from '../jobs/settle.js';
import { visible } from '../output/printable.js';
import { oneId } from './one-id.js';
import { command, JSON_OPTION } from './options.js';
import { quoted } from './quoted.js';
import { withJobs } from './with-jobs.js';

export const openCommand = command(
  {
    options: {
      print: { type: 'boolean', about: 'only print the command line, to run it elsewhere' },
      json: { ...JSON_OPTION, about: 'print it as JSON: { jobId, command, args, cwd }' },
    },
    words: true,
    notes: `The CLI asks for permissions itself there: the access of the job does not bind it. What you do in it is not recorded
as a job; "sidejob continue ID" goes on after it all the same. Exit status: that of the CLI.`,
  },
  async ({ values, positionals }, context) => {
    const typed = oneId(positionals);
    // The store is closed before the session begins: that may last for hours.
    const { jobId, interactive } = await withJobs(context, async (engine) => {
      await checkPerson(engine, '"sidejob open"');
      const job = await settledJob(engine, requireJob(engine, typed));
      return { jobId: job.id, interactive: await interactiveOf(engine, job) };
    });
    const { path, args, cwd } = interactive;
    if (values.json) {
      context.stdout(`${JSON.stringify({ jobId, command: path, args, cwd }, null, 2)}\n`);
      return 0;
    }
    if (values.print) {
      context.stdout(`cd ${quoted(cwd)} && ${[path, ...args].map(quoted).join(' ')}\n`);
      return 0;
    }
    if (!process.stdin.isTTY || !process.stdout.isTTY) {
      throw new SidejobError('bad_argument', 'a session needs a terminal.', 'Run it in one, or say --print.');
    }
    context.stderr(visible(`${cwd}$ ${[path, ...args].join(' ')}\n`));
    return runHere(interactive);
  },
);

/** Gives the terminal to a program until it ends; returns its exit status, 128 and the signal's number if that ended it. */
function runHere({ path, args, cwd, env }: Interactive): Promise<number> {
  // Ctrl-C is the program's, which gets it, too.
  const ignore = () => {};
  process.on('SIGINT', ignore);
  process.on('SIGQUIT', ignore);
  return new Promise<number>((resolve, reject) => {
    const child = spawn(path, args, { cwd, env, stdio: 'inherit' });
    child.once('error', (error) =>
      reject(new SidejobError('spawn_failed', `${path} cannot be started: ${error.message}.`)),
    );
    child.once('exit', (status, signal) => resolve(status ?? 128 + (signal ? constants.signals[signal] : 0)));
  }).finally(() => {
    process.off('SIGINT', ignore);
    process.off('SIGQUIT', ignore);
  });
}
