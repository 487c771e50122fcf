import { regressionSuite, wholeSchedule } from '../support/regression/suite.ts';
import { test } from 'vitest';

/** All 217 files, as pg_regress orders them: an hour for five versions. */
const NIGHTLY = process.env['WALCAST_NIGHTLY'] === '1';

if (NIGHTLY) regressionSuite(wholeSchedule(), { allowancesToo: true });
// visible in every run: the files of regression-tables and regression-objects are what CI takes of them
else test.skip('the whole schedule runs with WALCAST_NIGHTLY=1', () => undefined);
