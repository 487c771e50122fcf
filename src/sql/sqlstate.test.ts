import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classifySqlstate, type SqlstateAction } from './sqlstate.ts';

describe('classifySqlstate', () => {
  it.each<[string, SqlstateAction, string]>([
    ['40001', 'retry', 'serialization_failure'],
    ['40P01', 'retry', 'deadlock_detected'],
    ['40003', 'ambiguous', 'statement_completion_unknown'],
    ['40002', 'stop', 'transaction_integrity_constraint_violation'],
    ['08000', 'ambiguous', 'connection_exception'],
    ['08006', 'ambiguous', 'connection_failure'],
    ['08P01', 'stop', 'protocol_violation'],
    ['57P01', 'ambiguous', 'admin_shutdown'],
    ['57P02', 'ambiguous', 'crash_shutdown'],
    ['57P03', 'ambiguous', 'cannot_connect_now'],
    ['57P04', 'stop', 'database_dropped'],
    ['57014', 'retry', 'query_canceled'],
    ['53100', 'retry', 'disk_full'],
    ['53300', 'retry', 'too_many_connections'],
    ['55P03', 'retry', 'lock_not_available'],
    ['55006', 'retry', 'object_in_use'],
    ['55000', 'stop', 'object_not_in_prerequisite_state'],
    ['58030', 'retry', 'io_error'],
    ['58P01', 'stop', 'undefined_file'],
    ['25006', 'retry', 'read_only_sql_transaction'],
    ['25P02', 'stop', 'in_failed_sql_transaction'],
    ['0A000', 'stop', 'feature_not_supported'],
    ['22P02', 'stop', 'invalid_text_representation'],
    ['23505', 'stop', 'unique_violation'],
    ['23503', 'stop', 'foreign_key_violation'],
    ['28P01', 'stop', 'invalid_password'],
    ['3D000', 'stop', 'invalid_catalog_name'],
    ['42P01', 'stop', 'undefined_table'],
    ['42501', 'stop', 'insufficient_privilege'],
    ['54000', 'stop', 'program_limit_exceeded'],
    ['XX000', 'stop', 'internal_error'],
    ['XX001', 'stop', 'data_corrupted'],
    ['P0001', 'stop', 'raise_exception'],
  ])('%s: %s (%s)', (sqlstate, action) => {
    expect(classifySqlstate(sqlstate)).toBe(action);
  });

  it('stops at whatever it does not know', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        if (!/^(08|40|53|55|57|58|25)/.test(text)) expect(classifySqlstate(text)).toBe('stop');
      }),
      { seed: 6 },
    );
    for (const text of ['', '__proto__', 'constructor', 'toString']) expect(classifySqlstate(text)).toBe('stop');
  });
});
