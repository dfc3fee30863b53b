// What a person reads before he approves.
import { expect, test } from 'vitest';
import { approvalInFull } from '../../src/policy/approval-text.js';
import type { ApprovalRecord } from '../../src/store/approvals.js';

const approval = (shown: Record<string, unknown>) =>
  ({
    ...{ id: 'ok-1', key: 'k', state: 'pending', tool: 'llm_job_submit', rule: 'tools.llm_job_submit.action' },
    ...{ reason: null, shown, client: 'e2e', project: null, createdAt: 0, expiresAt: 1, decidedAt: null, answer: null },
  }) as ApprovalRecord;

test('no word of the caller stands where a fact does, however long its lines are', () => {
  const label = `nightly tests${' '.repeat(54)}access       read-only${' '.repeat(58)}provider     demo`;
  const prompt = `do it\u001b[2K\naccess       read-only\n${'x'.repeat(300)}`;
  const text = approvalInFull(
    approval({ prompt, label, provider: 'claude', access: 'full', cwd: `/${'y'.repeat(150)}` }),
  );

  const rows = text.trimEnd().split('\n');
  expect(Math.max(...rows.map((row) => row.length))).toBeLessThanOrEqual(81);
  const facts = rows.filter((row) => /^(access|provider|cwd) /.test(row));
  expect(facts).toEqual(['provider     claude', 'access       full', expect.stringMatching(/^cwd {10}\/y{67}$/)]);
  // All of it is there.
  expect(text.replaceAll(/\n( {2}\| | {13})/g, '')).toContain('x'.repeat(300));
  expect(text).toContain('\\u{1b}[2K');
});
