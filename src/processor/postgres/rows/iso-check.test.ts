import { expect, it } from 'vitest';
import { oid } from '../../../wal/ids.ts';
import type { Relation } from '../../../wal/relation.ts';
import { columnDifferences, IsoCheck } from './iso-check.ts';
import type { TargetColumn, TargetTable } from './target-table.ts';

const INT4 = 23;
const TEXT = 25;
const relation = (...columns: [string, number][]): Relation => ({
  oid: oid(77),
  schema: 's',
  name: 't',
  replicaIdentity: 'd',
  columns: columns.map(([name, type]) => ({ name, typeOid: oid(type), typmod: -1, key: false })),
});
const table = (...columns: [string, number, boolean?][]): TargetTable => ({
  schema: 's',
  name: 't',
  partitioned: false,
  fires: false,
  keys: [],
  columns: new Map(
    columns.map(([name, typeOid, generated = false]): [string, TargetColumn] => [
      name,
      {
        name,
        typeOid,
        generated,
        notNull: false,
        identityAlways: false,
        typeName: `type ${typeOid}`,
        baseOid: typeOid,
        baseName: `type ${typeOid}`,
        arrayOid: 0,
        delimiter: 44,
        nested: false,
        textCast: false,
      },
    ]),
  ),
});

it.each([
  ['the same columns', relation(['a', INT4], ['b', TEXT]), table(['b', TEXT], ['a', INT4]), 0],
  ['a generated column that is not sent', relation(['a', INT4]), table(['a', INT4], ['g', INT4, true]), 0],
  ['types of users, whose oids differ by nature', relation(['a', 20001]), table(['a', 31000]), 0],
  ['a missing column', relation(['a', INT4], ['b', TEXT]), table(['a', INT4]), 1],
  ['one too many', relation(['a', INT4]), table(['a', INT4], ['b', TEXT]), 1],
  ['another type', relation(['a', TEXT]), table(['a', INT4]), 1],
  ['a built-in type for one of users', relation(['a', 20001]), table(['a', TEXT]), 1],
])('sees %s', (_, source, target, count) => {
  expect(columnDifferences(source, target)).toHaveLength(count);
});

it('looks once, at tables that it waits for', () => {
  const check = new IsoCheck();
  const source = relation(['a', TEXT]);
  const target = table(['a', INT4]);
  check.meet(source, target);
  check.expect(77);
  expect(() => check.meet(source, target)).toThrow(/differs from the source/);
  check.meet(source, target);
});
