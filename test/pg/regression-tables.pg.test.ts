import { regressionSuite } from '../support/regression/suite.ts';

/** About tables, what they consist of and what hangs on them; the whole schedule runs nightly. */
regressionSuite([
  'test_setup',
  'create_table',
  'alter_table',
  'create_table_like',
  'constraints',
  'inherit',
  'typed_table',
  'identity',
  'generated',
  'create_index',
  'truncate',
  'temp',
  'tablespace',
]);
