import { describe, expect, it } from 'vitest';
import type { Migration, MigrationRecord } from './migration.ts';
import { examine, pendingMigrations } from './plan.ts';

const files = ['bootstrap', 'one', 'two'].map(
  (name, version): Migration => ({
    set: 'core',
    version,
    name,
    file: `core/000${version}_${name}.up.sql`,
    up: '',
    down: '',
    verify: null,
    irreversible: false,
    checksum: `sum ${name}`,
  }),
);
const records = files.map(
  ({ version, name, checksum }): MigrationRecord => ({
    version,
    name,
    checksum,
    toolVersion: '1.2.3',
    finished: true,
    failure: null,
  }),
);

const record = (version: number): MigrationRecord => {
  const found = records[version];
  if (found === undefined) throw new Error(`no record ${version}`);
  return found;
};

describe('what is to be applied', () => {
  it('is everything on an untouched database, and nothing when all is there', () => {
    expect(pendingMigrations(files, [])).toEqual(files);
    expect(pendingMigrations(files, records)).toEqual([]);
  });

  it('is the tail when the installation is older', () => {
    expect(pendingMigrations(files, records.slice(0, 1)).map(({ name }) => name)).toEqual(['one', 'two']);
  });

  it('is nothing but an error that names the file when an applied file was changed', () => {
    const changed = records.map((record) => (record.version === 1 ? { ...record, checksum: 'other' } : record));
    expect(() => pendingMigrations(files, changed)).toThrow(/core\/0001_one\.up\.sql is not the file/);
  });

  it('is an error when the database was installed by a newer version', () => {
    const newer = [...records, { ...record(2), version: 3, name: 'three', checksum: 'x' }];
    expect(() => pendingMigrations(files, newer)).toThrow(/core\/0003_three, which this version does not know/);
    expect(examine(files, newer)).toMatchObject({ applied: newer, pending: [], failed: [{ name: 'three' }] });
    expect(examine(files, newer).problem?.hint).toContain('(1.2.3)');
  });

  it('is also what was made but not verified, which no later record can follow', () => {
    const half = [...records.slice(0, 2), { ...record(2), finished: false, failure: 'not valid' }];
    expect(pendingMigrations(files, half).map(({ name }) => name)).toEqual(['two']);
    expect(examine(files, half)).toMatchObject({ applied: records.slice(0, 2), failed: [{ failure: 'not valid' }] });
  });

  it('is an error when a record in the middle is gone', () => {
    expect(() => pendingMigrations(files, [...records.slice(0, 1), ...records.slice(2)])).toThrow(/0001_one/);
  });
});
