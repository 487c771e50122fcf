import { describe, expect, test } from 'vitest';
import { testMajors } from '../support/majors.ts';
import { TOOL_HISTORIES } from './cases/histories/all-histories.ts';
import { playHistory } from './cases/histories/play-history.ts';

describe.each(testMajors())('migrations in the manner of a tool on PostgreSQL %i', (major) => {
  test.each(TOOL_HISTORIES)('$name', { timeout: 180_000 }, async (history) => {
    const { steps, written } = await playHistory(history, major);
    expect(steps).toBeGreaterThanOrEqual(60);
    expect(written).toBeGreaterThanOrEqual(steps);
  });
});
