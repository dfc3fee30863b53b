// Runs a short program and returns what it printed: for questions to a CLI about itself, never for jobs.
const TIMEOUT_MS = 15_000;
const OUTPUT_MAX_BYTES = 1024 * 1024;

/**
 * What a program prints, on stdout and then on stderr (pi lists its models there). It is given nothing to read. Ended, with its process group, after 15 seconds.
 * @throws Error if it cannot be started, fails, prints more than a megabyte, or takes too long
 */
export async function capture(path: string, args: readonly string[], env: NodeJS.ProcessEnv, cwd: string) {
  const { execa } = await import('execa');
  const { stdout, stderr } = await execa(path, [...args], {
    env,
    extendEnv: false,
    cwd,
    stdin: 'ignore',
    timeout: TIMEOUT_MS,
    maxBuffer: OUTPUT_MAX_BYTES,
    forceKillAfterDelay: 1000,
    killDescendants: true,
  });
  return `${stdout}\n${stderr}`;
}
