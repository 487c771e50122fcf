import { describe, expect, it } from 'vitest';
import type { ColumnMetadata, TableMetadata } from '../../../wal/table-metadata.ts';
import { chooseKey } from './choose-key.ts';

const column = (num: number, name: string, notNull = true): ColumnMetadata => ({
  num,
  name,
  type: 'text',
  type_oid: 25,
  ...(notNull ? { not_null: true } : {}),
});
const table = (more: Partial<TableMetadata>): TableMetadata => ({
  oid: 1,
  schema: 's',
  name: 't',
  kind: 'r',
  persistence: 'p',
  owner: 'o',
  identity: 'd',
  columns: [column(1, 'a'), column(2, 'b'), column(4, 'c', false)],
  ...more,
});
const primary = { oid: 5, name: 'pk', type: 'p', definition: 'PRIMARY KEY (b, a)' };
const unique = (columns: string, more = {}) => ({
  oid: 6,
  name: 'u',
  definition: `CREATE UNIQUE INDEX u ON s.t USING btree (${columns})`,
  unique: true,
  valid: true,
  ...more,
});

describe('chooseKey', () => {
  it('takes the primary key in its order', () => {
    expect(chooseKey(table({ constraints: [primary], indexes: [unique('a')] }))?.columns).toEqual([2, 1]);
  });

  it('takes a unique index where the whole row is the identity and there is no primary key', () => {
    expect(chooseKey(table({ identity: 'f', indexes: [unique('a')] }))?.columns).toEqual([1]);
  });

  it('takes the index that is the replica identity, whatever else there is', () => {
    const indexes = [unique('a', { replica_identity: true })];
    expect(chooseKey(table({ identity: 'i', constraints: [primary], indexes }))?.columns).toEqual([1]);
  });

  it('takes no column that may be null, no partial and no invalid index', () => {
    expect(chooseKey(table({ identity: 'f', indexes: [unique('c')] }))).toBeNull();
    expect(chooseKey(table({ identity: 'f', indexes: [unique('a', { valid: false })] }))).toBeNull();
    expect(chooseKey(table({ identity: 'f' }))).toBeNull();
  });

  it('keeps the key that it had while it serves', () => {
    const indexes = [unique('a'), { ...unique('b'), oid: 7 }];
    expect(chooseKey(table({ identity: 'f', indexes }))?.columns).toEqual([1]);
    expect(chooseKey(table({ identity: 'f', indexes }), [2])?.columns).toEqual([2]);
    expect(chooseKey(table({ identity: 'f', indexes: [unique('a')] }), [2])?.columns).toEqual([1]);
  });
});
