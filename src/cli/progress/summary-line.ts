import type { CopiedTarget } from '../../app/snapshot/run-snapshot.ts';
import { bytesText, countText, durationText } from '../../observe/units.ts';

/** What was copied, and how fast. Pure. */
export function summaryLine({ target, tables, rows, bytes, bytesMoved, seconds }: CopiedTarget): string {
  const rate = seconds === 0 || bytesMoved === 0 ? '' : `, ${bytesText(bytesMoved / seconds)}/s`;
  // a few bytes of framing are no earlier run
  const before = bytesMoved < bytes * 0.98 ? `, ${bytesText(bytes - bytesMoved)} of it by an earlier run` : '';
  return `${target}: copied ${countText(tables)} table${tables === 1 ? '' : 's'}, ${countText(rows)} row${rows === 1 ? '' : 's'}, ${bytesText(bytes)} in ${durationText(seconds)}${rate}${before}`;
}
