import { expect, it } from 'vitest';
import { gateReason } from './source-gate.ts';

it('closes for another slot that keeps more than the limit, and names it', () => {
  expect(gateReason(null, 1)).toBeNull();
  expect(gateReason({ name: 'standby', retainedBytes: 1024 }, 1024)).toBeNull();
  expect(gateReason({ name: 'standby', retainedBytes: 3 * 1024 }, 1024)).toMatch(
    /^slot standby keeps 3\.0 kB of WAL .*, 1\.0 kB$/,
  );
});
