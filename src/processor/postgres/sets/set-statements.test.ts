import { describe, expect, it } from 'vitest';
import { oid } from '../../../wal/ids.ts';
import type { Relation } from '../../../wal/relation.ts';
import type { TargetColumn, TargetTable } from '../rows/target-table.ts';
import { FORM, planSets } from './set-statements.ts';

const INT4 = { typeOid: 23, arrayOid: 1007, typeName: 'integer' };
const TEXT = { typeOid: 25, arrayOid: 1009, typeName: 'text' };
const JSONB = { typeOid: 3802, arrayOid: 3807, typeName: 'jsonb' };
const LTREE = { typeOid: 90001, arrayOid: 0, typeName: 'tree' };

function column(name: string, type: typeof INT4): TargetColumn {
  return {
    name,
    ...type,
    notNull: true,
    identityAlways: false,
    generated: false,
    baseOid: type.typeOid,
    baseName: type.typeName,
    delimiter: 0x2c,
    nested: false,
    textCast: false,
  };
}

/** Key `id`, then one column a type of the source; the target has its own types for them. */
function planned(source: readonly number[], target: readonly TargetColumn[], binary = false): number[] {
  const id = column('id', INT4);
  const relation: Relation = {
    oid: oid(1),
    schema: 'public',
    name: 't',
    replicaIdentity: 'd',
    columns: [23, ...source].map((typeOid, i) => ({
      name: [id, ...target][i]?.name ?? '',
      typeOid: oid(typeOid),
      typmod: -1,
      key: i === 0,
    })),
    ...(binary ? { binary } : {}),
  };
  const table: TargetTable = {
    schema: 'public',
    name: 't',
    partitioned: false,
    fires: false,
    columns: new Map([id, ...target].map((each) => [each.name, each])),
    keys: [{ columns: [{ name: 'id', operator: '=' }], primary: true, exact: true }],
  };
  return [...(planSets(relation, table, [id, ...target])?.updates.statement(0).forms ?? [])];
}

describe('arrays of a set', () => {
  it('are bare for numbers, counted for text, and quoted for all else', () => {
    const target = [column('n', INT4), column('s', TEXT), column('j', JSONB)];
    expect(planned([23, 25, 3802], target)).toEqual([FORM.bare, FORM.bare, FORM.binary, FORM.quoted]);
  });

  it('are quoted for numbers that the source has in a column of another type: it may hold commas and words', () => {
    expect(planned([25], [column('n', INT4)])).toEqual([FORM.bare, FORM.quoted]);
  });

  it('are counted where values travel as text for want of an array type', () => {
    expect(planned([90001], [column('l', LTREE)])).toEqual([FORM.bare, FORM.binary]);
  });

  it('are counted where values come in binary form', () => {
    expect(planned([23], [column('n', INT4)], true)).toEqual([FORM.binary, FORM.binary]);
  });
});
