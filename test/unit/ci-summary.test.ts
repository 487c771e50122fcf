import { describe, expect, it } from 'vitest';
import { closingLine, tally } from '../../tools/ci-summary.mjs';

describe('the closing line of a test run', () => {
  it('adds up reports; skipped, todo and pending tests show as skipped', () => {
    const unit = {
      testResults: [
        { status: 'passed', assertionResults: [{ status: 'passed' }, { status: 'skipped' }, { status: 'todo' }] },
        { status: 'failed', assertionResults: [{ status: 'failed' }, { status: 'pending' }, { status: 'passed' }] },
      ],
    };
    expect(tally(unit)).toEqual({ passed: 2, failed: 1, skipped: 3 });
    expect(closingLine([tally(unit), { passed: 10, failed: 0, skipped: 1 }])).toBe('12 passed, 1 failed, 4 skipped');
  });

  it('counts a file that did not load, or whose hook failed, as a failure', () => {
    const report = {
      testResults: [
        { status: 'failed', assertionResults: [] },
        { status: 'failed', assertionResults: [{ status: 'skipped' }] },
      ],
    };
    expect(tally(report)).toEqual({ passed: 0, failed: 2, skipped: 1 });
  });
});
