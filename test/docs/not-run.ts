// Lines of the documentation that no test runs here, and why.

export const NOT_RUN: readonly { readonly line: RegExp; readonly why: string }[] = [
  { line: /^git clone /, why: 'there is no address yet; the release check works on a clean clone' },
  { line: /^npm ci\b/, why: 'needs the registry; .ci/run begins with it' },
  { line: /^npm run demo\b/, why: 'builds dist/ anew under the tests; .ci/run runs it' },
  { line: /^npm test\b/, why: 'is what runs this' },
  { line: /^npm pkg set /, why: 'names an owner who is not known yet' },
  { line: /^npm run manifests$/, why: 'writes into the checkout; release.test.ts runs it with --check' },
  {
    line: /^\/plugin install /,
    why: 'a command of Claude Code; the release check installs the plugin with the real one',
  },
];

export const isNotRun = (line: string): boolean => NOT_RUN.some((entry) => entry.line.test(line));

/** The lines of a block of commands, without empty ones and those that only comment. */
export function commandLines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}
