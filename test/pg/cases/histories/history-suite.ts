import { describe, expect, test } from 'vitest';
import { testMajors } from '../../../support/majors.ts';
import { playHistory } from './play-history.ts';
import type { ToolHistory } from './tool-history.ts';

const STEPS = 60;

/** One file a group of tools, so that they run side by side. */
export function historySuite(histories: readonly ToolHistory[]): void {
  describe.each(testMajors())('migrations in the manner of a tool on PostgreSQL %i', (major) => {
    test.each(histories)('$name', { timeout: 300_000 }, async (history) => {
      const { steps, written } = await playHistory(history, major);
      expect(steps).toBeGreaterThanOrEqual(STEPS);
      expect(written).toBeGreaterThanOrEqual(steps);
    });
  });
}
