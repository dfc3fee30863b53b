import { expect, test } from 'vitest';
import { compareVersions } from '../../../src/jobs/doctor/providers.js';

test.each([
  ['2.1.328', '2.1.328', 'ok', 'as tested'],
  ['2.1.329', '2.1.328', 'ok', 'newer'],
  ['2.1.9', '2.1.328', 'ok', 'older'],
  ['2.2.0', '2.1.328', 'ok', 'newer'],
  ['2.0.999', '2.1.328', 'warn', 'older'],
  ['3.0.0', '2.1.328', 'warn', 'newer'],
  ['1.9.0', '2.1.328', 'warn', 'older'],
  ['0.170.0', '0.169.0', 'ok', 'newer'],
  ['0.168.9', '0.169.0', 'warn', 'older'],
])('%s where %s was tested: %s', (version, tested, level, word) => {
  expect(compareVersions(version, tested)).toMatchObject({ level, text: expect.stringContaining(word) });
});
