import { describe, expect, it } from 'vitest';
import type { DdlCommandEvent } from '../../../wal/ddl-event.ts';
import type { TableMetadata } from '../../../wal/table-metadata.ts';
import type { TableShape } from '../tables/table-shape.ts';
import { planChanges, type Change, type KnownTables } from './plan-changes.ts';

const table = (oid: number, tableId: string, more: Partial<TableShape> = {}): TableShape => ({
  tableId,
  oid,
  schema: 's',
  name: `t${oid}`,
  columns: [],
  key: [1],
  keyFrom: oid + 1000,
  generated: [],
  partitioned: false,
  members: [],
  ...more,
});

const known = (...tables: TableShape[]): KnownTables => ({
  byOid: (oid) => tables.find((each) => each.oid === oid || each.members.includes(oid)) ?? null,
  all: () => tables,
});

const relation = (oid: number, more: Partial<TableMetadata> = {}): TableMetadata => ({
  oid,
  schema: 's',
  name: `t${oid}`,
  kind: 'r',
  persistence: 'p',
  owner: 'o',
  identity: 'd',
  ...more,
});

const event = (more: Partial<DdlCommandEvent>): DdlCommandEvent => ({
  v: 1,
  kind: 'ddl',
  iso: false,
  server_version_num: 180000,
  at: '0/1',
  phase: 'end',
  tag: 'ALTER TABLE',
  caller: { role: 'r', search_path: '', settings: {} },
  text_id: '1',
  ...more,
});

const kinds = (changes: readonly Change[]): string[] => changes.map(({ kind }) => kind);
const ROOT = table(1, 'root', { partitioned: true, members: [2, 3] });
const BOUND = { partition_bound: 'FOR VALUES IN (1)' };

describe('planChanges', () => {
  it('takes a table for new and empty where it was made, for filled where rows came before', () => {
    const relations = [relation(9)];
    const made = (tag: string): Change[] =>
      planChanges(
        event({
          tag,
          table_ids: { 9: 'x' },
          details: { relations, commands: [{ class: 'pg_class', oid: 9, tag, type: 'table' }] },
        }),
        known(),
      );
    expect(made('CREATE TABLE')).toMatchObject([{ kind: 'shape', tableId: 'x', filled: false }]);
    expect(made('CREATE TABLE AS')).toMatchObject([{ kind: 'shape', tableId: 'x', filled: true }]);
  });

  it('knows a table that keeps its id, told or not', () => {
    const details = { relations: [relation(5)] };
    const five = known(table(5, 'five'));
    const change = { kind: 'shape', tableId: 'five', filled: false };
    expect(planChanges(event({ table_ids: { 5: 'five' }, details }), five)).toMatchObject([change]);
    expect(planChanges(event({ details, iso: true }), five)).toMatchObject([change]);
  });

  it('asks the source for what was not told', () => {
    expect(planChanges(event({ details: { relations: [relation(5)] } }), known())).toEqual([
      { kind: 'ask', oids: [5] },
    ]);
    expect(planChanges(event({ table_ids: { 7: 'n' } }), known(ROOT))).toEqual([{ kind: 'ask', oids: [7] }]);
    expect(planChanges(event({ kind: 'degraded' }), known())).toEqual([{ kind: 'ask all', known: false }]);
    expect(planChanges(event({ tag: 'ALTER SCHEMA' }), known())).toEqual([{ kind: 'ask all', known: true }]);
  });

  it('lets a partition that was a table join, and one that is made join empty', () => {
    const details = { relations: [relation(4, BOUND), relation(1, { kind: 'p' })] };
    const ids = { 1: 'root', 4: 'root' };
    const attached = planChanges(event({ table_ids: ids, details }), known(ROOT, table(4, 'four')));
    expect(attached).toMatchObject([
      { kind: 'shape', tableId: 'root' },
      { kind: 'drop', tableId: 'four', absorbed: true },
      { kind: 'join', tableId: 'root', filled: true },
    ]);
    const commands = [{ class: 'pg_class', oid: 4, tag: 'CREATE TABLE', type: 'table' }];
    const made = event({ tag: 'CREATE TABLE', table_ids: ids, details: { relations: [relation(4, BOUND)], commands } });
    expect(planChanges(made, known(ROOT))).toMatchObject([{ kind: 'join', filled: false }]);
  });

  it('lets a partition that becomes a table leave first', () => {
    const detached = event({ table_ids: { 2: 'two' }, details: { relations: [relation(2)] } });
    expect(planChanges(detached, known(ROOT))).toMatchObject([
      { kind: 'leave', tableId: 'root', oid: 2 },
      { kind: 'shape', tableId: 'two', filled: true },
    ]);
  });

  it('tells a dropped table, partition and column apart', () => {
    const drop = (...dropped: { oid: number; sub?: number; class?: string }[]): Change[] =>
      planChanges(
        event({
          phase: 'drop',
          details: { dropped: dropped.map((each) => ({ class: 'pg_class', type: 'table', identity: '', ...each })) },
        }),
        known(ROOT, table(5, 'five')),
      );
    expect(drop({ oid: 5 })).toEqual([{ kind: 'drop', tableId: 'five', absorbed: false }]);
    expect(drop({ oid: 2 })).toEqual([{ kind: 'leave', tableId: 'root', oid: 2 }]);
    expect(kinds(drop({ oid: 1 }, { oid: 2 }, { oid: 3 }))).toEqual(['drop']);
    expect(drop({ oid: 5, sub: 2 }, { oid: 5, sub: 4 })).toEqual([
      { kind: 'drop columns', tableId: 'five', numbers: [2, 4] },
    ]);
    expect(drop({ oid: 1005, class: 'pg_constraint' })).toEqual([{ kind: 'ask', oids: [5] }]);
    expect(drop({ oid: 77 })).toEqual([]);
  });

  it('makes documents anew for a rewrite that gives other values, of a partition for its root', () => {
    const rewrite = (oid: number, reason: number): Change[] =>
      planChanges(event({ phase: 'rewrite', details: { oid, reason } }), known(ROOT, table(5, 'five')));
    expect(rewrite(5, 4)).toEqual([{ kind: 'rewrite', tableId: 'five' }]);
    expect(rewrite(3, 2)).toEqual([{ kind: 'rewrite', tableId: 'root' }]);
    expect(rewrite(5, 8)).toEqual([]);
    expect(rewrite(6, 4)).toEqual([]);
  });

  it('has no use for views, foreign, temporary and unlogged tables', () => {
    const relations = [
      relation(10, { kind: 'v' }),
      relation(11, { kind: 'm' }),
      relation(12, { kind: 'f' }),
      relation(13, { persistence: 't' }),
      relation(14, { persistence: 'u' }),
    ];
    expect(planChanges(event({ details: { relations } }), known())).toEqual([]);
  });
});
