import { regressionSuite } from '../support/regression/suite.ts';

/** About everything that is no table; the whole schedule runs nightly. */
regressionSuite([
  'test_setup',
  'enum',
  'domain',
  'create_type',
  'create_function_sql',
  'create_procedure',
  'rangefuncs',
  'create_view',
  'matview',
  'sequence',
  'privileges',
  'rowsecurity',
  'dependency',
  'alter_generic',
  'foreign_data',
  'event_trigger',
]);
