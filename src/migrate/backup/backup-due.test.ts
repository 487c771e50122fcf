import { describe, expect, it } from 'vitest';
import type { Migration, MigrationRecord } from '../migration.ts';
import { whyBackUp } from './backup-due.ts';

const file = (version: number, irreversible = false): Migration => ({
  set: 'core',
  version,
  name: 'x',
  file: `core/000${version}_x.up.sql`,
  up: '',
  down: '',
  verify: null,
  irreversible,
  checksum: '',
});
const record = (version: number, toolVersion: string): MigrationRecord => ({
  version,
  name: 'x',
  checksum: '',
  toolVersion,
  finished: true,
  failure: null,
});

describe('a backup', () => {
  it('is due before what cannot be undone', () => {
    const sets = [
      { set: 'core', records: [record(0, '1.2.0')], pending: [] },
      { set: 'injector', records: [], pending: [file(0), file(1, true)] },
    ];
    expect(whyBackUp(sets, '1.2.0')).toBe('before the irreversible migration core/0001_x.up.sql');
  });

  it.each([
    [['0.9.0'], '0.9.7', null],
    [['0.9.0'], '0.10.0', 'before the upgrade of the set core from 0.9.0 to 0.10.0'],
    // told by the newest record, and 10 is more than 9
    [['0.9.0', '0.10.0'], '0.10.3', null],
    [['0.10.0', '0.9.0'], '0.10.3', null],
    [['1.0.0'], '0.10.0', 'before the upgrade of the set core from 1.0.0 to 0.10.0'],
    [[], '0.10.0', null],
  ])('of what %j installed is due for %s: %s', (versions, tool, expected) => {
    const records = versions.map((version, i) => record(i, version));
    expect(whyBackUp([{ set: 'core', records, pending: [file(9)] }], tool)).toBe(expected);
    expect(whyBackUp([{ set: 'core', records, pending: [] }], tool)).toBeNull();
  });
});
