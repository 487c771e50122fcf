import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testMajors } from '../majors.ts';
import { allowanceFor } from './allowances.ts';
import { LEAST_COMMANDS } from './least-commands.ts';
import { RegressionRun } from './regression-run.ts';
import { regressFolder } from './suite-folder.ts';

/** Of the source, among them those that it is meant to refuse: half a minute on an idle machine. */
const FILE_MS = 300_000;

const folder = await regressFolder().catch((error: unknown) => {
  if (process.env['CI'] === 'true') throw error;
  process.stderr.write(`skipped: ${String(error)}\n`);
  return null;
});

/** Every file of pg_regress's schedule, in its order. */
export function wholeSchedule(): string[] {
  if (folder === null) return [];
  const schedule = readFileSync(join(folder, 'parallel_schedule'), 'utf8');
  return [...schedule.matchAll(/^test:(.*)$/gm)].flatMap(([, names = '']) => names.trim().split(/\s+/));
}

/** The files one after another on a source; its target is compared whole after each. */
export function regressionSuite(files: readonly string[], { allowancesToo = false } = {}): void {
  describe.skipIf(folder === null).each(testMajors())("PostgreSQL's own files on version %i", (major) => {
    let run: RegressionRun;

    beforeAll(async () => {
      run = await RegressionRun.create(folder ?? '', major);
    });
    afterAll(() => run.dispose());

    test.each(files)('%s', { timeout: FILE_MS }, async (file) => {
      const allowance = allowanceFor(file, major);
      if (allowance !== undefined && allowancesToo) {
        const { failure } = await run.run(file);
        expect(failure, `${file} passes whole now: take it off the list of allowances`).not.toBeNull();
      }
      const { failure, repaired, commands } = await run.run(file, allowance);
      expect(failure ?? 'equal').toBe('equal');
      expect(repaired).toEqual([]);
      expect(commands).toBeGreaterThanOrEqual(LEAST_COMMANDS[file] ?? 0);
    });
  });
}
