/**
 * @typedef {object} Tally
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 */

/**
 * Adds up one report of vitest's JSON reporter. A file that could not be loaded, or whose hooks failed, has no failed test in it: it counts as
 * one itself. Whatever neither passed nor failed (skip, todo, pending) counts as skipped.
 *
 * @param {{testResults?: {status?: string, assertionResults?: {status?: string}[]}[]}} report
 * @returns {Tally}
 */
export function tally(report) {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const file of report.testResults ?? []) {
    const before = sum.failed;
    for (const { status } of file.assertionResults ?? []) {
      if (status === 'passed') sum.passed++;
      else if (status === 'failed') sum.failed++;
      else sum.skipped++;
    }
    if (file.status === 'failed' && sum.failed === before) sum.failed++;
  }
  return sum;
}

/**
 * @param {readonly Tally[]} tallies
 * @returns {string}
 */
export function closingLine(tallies) {
  /** @param {'passed' | 'failed' | 'skipped'} key */
  const total = (key) => tallies.reduce((sum, each) => sum + each[key], 0);
  return `${total('passed')} passed, ${total('failed')} failed, ${total('skipped')} skipped`;
}
