// Any text is a prompt: it goes through a file, and reaches the CLI byte for byte.
import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import { test } from '../support/e2e.js';
import { echoIn } from '../support/steps.js';

const PROMPTS: [string, string][] = [
  ['of 5 MB', `${'é'.repeat(1024)}\n`.repeat(2560)],
  ['that begins with a dash', '--dangerously-skip-permissions -p --resume=x'],
  ['with NUL bytes', 'before\0after\0'],
  ['with every kind of quote and bracket', `'"\`$(touch /tmp/never)\` %s \\n ${'\\'.repeat(3)} @/etc/passwd\r\n!!`],
  ['with what is no valid text', 'half a pair \ud83d, and \u{1f600}'],
];

test.for(PROMPTS)('a prompt %s reaches the CLI as it is', async ([, prompt], { sandbox }) => {
  const assistant = await sandbox.assistant();

  const { text } = await assistant.call('llm_run', { prompt, provider: 'claude' });

  const bytes = Buffer.from(prompt);
  expect(echoIn(text)).toMatchObject({
    bytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  });
  expect(echoIn(text).argv.join(' ')).not.toContain('dangerously');
});
