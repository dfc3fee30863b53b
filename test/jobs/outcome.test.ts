// How it ended, decided from the evidence alone.
import { expect, test } from 'vitest';
import { decideOutcome, type Evidence } from '../../src/jobs/outcome.js';
import { emptyFold, type FoldState } from '../../src/providers/fold.js';
import type { Provider } from '../../src/providers/provider.js';
import { shell } from '../support/engine.js';

const provider: Provider = {
  ...shell,
  login: 'run "shell login"',
  exitCodes: {
    41: { kind: 'auth_required', message: 'no login is set up' },
    42: { kind: 'network', message: 'offline' },
  },
  readStderr: (text) => (text.includes('ENOTFOUND') ? { kind: 'network', message: 'no network' } : undefined),
};

const GOOD: Partial<FoldState> = { answer: 'yes', answerIsFinal: true, end: 'ok' };

type Given = Partial<Omit<Evidence, 'fold'>> & { code?: number; fold?: Partial<FoldState> };

function verdict(evidence: Given) {
  const { code, fold, ...rest } = evidence;
  return decideOutcome({
    ...{ provider, cause: null, causeNote: null, signalSent: null, launcherLog: '', stderr: '' },
    exit: code === undefined ? { kind: 'none' } : { kind: 'exited', code },
    ...rest,
    fold: { ...emptyFold(), ...fold },
  });
}

const rateLimit = { kind: 'rate_limited', message: 'slow down', fatal: false } as const;
const unknown = { kind: 'provider_error', message: 'something', fatal: false } as const;

const CASES: [string, Given, object][] = [
  ['status 0, good end, answer', { code: 0, fold: GOOD }, { status: 'completed', reason: null, hint: null }],
  ['an error the CLI recovered from', { code: 0, fold: { ...GOOD, error: rateLimit } }, { status: 'completed' }],
  ['status 0 with an error inside', { code: 0, fold: { end: 'error', error: rateLimit } }, { reason: 'rate_limited' }],
  ['status 0 that never said it had finished', { code: 0, fold: { answer: 'half' } }, { reason: 'interrupted' }],
  ['status 0 with an error and no final event', { code: 0, fold: { error: rateLimit } }, { reason: 'rate_limited' }],
  ['status 0 with nothing but blanks', { code: 0, fold: { ...GOOD, answer: ' \n' } }, { reason: 'empty_answer' }],
  ['a final event that says only "error"', { code: 0, fold: { end: 'error' } }, { reason: 'provider_error' }],
  ['a good end and a bad status', { code: 1, fold: GOOD }, { status: 'failed', reason: 'exit_code', exitCode: 1 }],
  ['a known status', { code: 41 }, { reason: 'auth_required', error: 'no login is set up' }],
  [
    'a status that sharpens a vague error',
    { code: 42, fold: { error: unknown } },
    { reason: 'network', error: 'something' },
  ],
  ['a status that must not blur a clear error', { code: 42, fold: { error: rateLimit } }, { reason: 'rate_limited' }],
  ['stderr that tells', { code: 1, stderr: 'x ENOTFOUND' }, { reason: 'network', error: 'no network' }],
  ['a kill that the log proves', { code: 137, launcherLog: 'Killed\n' }, { reason: 'killed', signal: 'SIGKILL' }],
  ['the same status of its own will', { code: 137 }, { reason: 'exit_code', signal: null }],
  [
    'a command that was not found',
    { code: 127, launcherLog: 'launcher.sh: exec: /x: not found' },
    { reason: 'spawn_failed' },
  ],
  ['no exit status', {}, { status: 'orphaned', reason: null, exitCode: null }],
  [
    'canceled, whatever it said',
    { code: 0, fold: GOOD, cause: 'cancel' as const },
    { status: 'canceled', error: null },
  ],
  [
    'ended for its time',
    { code: 143, cause: 'timeout' as const, causeNote: 'late', signalSent: 'SIGTERM' },
    { status: 'failed', reason: 'timeout', error: 'late', signal: 'SIGTERM' },
  ],
  [
    'ended for what cannot heal',
    { cause: 'auth_required' as const, causeNote: 'bad key' },
    { hint: 'The person must log in: run "shell login".' },
  ],
  ['a CLI this server does not know', { code: 0, provider: undefined, fold: {} }, { reason: 'invalid_output' }],
];

test.each(CASES)('%s', (_name, evidence, expected) => {
  expect(verdict(evidence)).toMatchObject(expected);
});

test('an error is one line, whatever the CLI said', () => {
  const { error } = verdict({ code: 1, fold: { error: { ...unknown, message: `first\nsecond ${'x'.repeat(999)}` } } });
  expect(error).toBe('first');
});
