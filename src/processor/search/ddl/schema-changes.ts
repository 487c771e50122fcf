import { WalcastError } from '../../../errors/walcast-error.ts';
import type { TypeResolver } from '../../../documents/types/type-resolver.ts';
import type { DdlCommandEvent } from '../../../wal/ddl-event.ts';
import type { Lsn } from '../../../wal/lsn.ts';
import type { TableMetadata } from '../../../wal/table-metadata.ts';
import type { BulkWriter } from '../bulk/index.ts';
import type { SourceCatalog, TableId } from '../source-catalog.ts';
import type { IndexAdmin } from '../tables/index-admin.ts';
import type { SearchTable } from '../tables/search-table.ts';
import type { SearchTables } from '../tables/search-tables.ts';
import { fits, tableName, type TableShape } from '../tables/table-shape.ts';
import { removePart } from './remove-part.ts';
import { planChanges, type Change } from './plan-changes.ts';

const FIRST_USER_OID = 16384;
const TYPE_TAGS = new Set(['ALTER TYPE', 'ALTER DOMAIN', 'CREATE EXTENSION', 'ALTER EXTENSION']);

export interface SchemaChangesOptions {
  readonly target: string;
  readonly tables: SearchTables;
  readonly admin: IndexAdmin;
  readonly catalog: SourceCatalog;
  readonly resolver: TypeResolver;
  readonly writer: BulkWriter;
  /** Rows under these oids come from the source, as they are there now; until then none of the stream. */
  readonly copy: (members: readonly number[], table: SearchTable) => Promise<void>;
  /** The transaction at hand, which the source's catalog has to show before it is asked. */
  readonly transaction: () => bigint;
  /** Nothing is copied of these any more. */
  readonly forget: (oids: readonly number[]) => Promise<void>;
}

/** Makes what a schema change of the source means for the indexes. May be told the same again. */
export class SchemaChanges {
  readonly #options: SchemaChangesOptions;
  #done: string[] = [];

  constructor(options: SchemaChangesOptions) {
    this.#options = options;
  }

  /** Whatever was written before is confirmed. Returns what was done, for people. */
  async apply(event: DdlCommandEvent, lsn: Lsn): Promise<string> {
    const { tables, resolver, catalog, transaction } = this.#options;
    if (TYPE_TAGS.has(event.tag) || event.kind === 'degraded') resolver.forget();
    this.#done = [];
    await catalog.untilVisible([transaction()]);
    const known = {
      byOid: (oid: number): TableShape | null => tables.byOid(oid)?.shape ?? null,
      all: (): Iterable<TableShape> => [...tables.all()].map(({ shape }) => shape),
    };
    for (const change of planChanges(event, known)) await this.#make(change, lsn);
    return this.#done.join('; ');
  }

  /** Rows came for a relation that is not known, or not as they are. True: the table is followed. */
  async learn(oid: number, lsn: Lsn): Promise<boolean> {
    const { tables, resolver, target, catalog, transaction } = this.#options;
    await catalog.untilVisible([transaction()]);
    resolver.forget();
    const before = tables.byOid(oid);
    if (before === null) await this.#ask([oid], lsn, true);
    const table = tables.byOid(oid);
    if (table === null) return false;
    if (before !== null) {
      await this.#ask([table.shape.oid], lsn, false);
      const again = tables.byOid(oid);
      if (again === null) return false;
      if (again.next === null && again.shape.key !== null) {
        await tables.renew(again, lsn);
        await this.#copyAll(again, `${target} met rows of another shape`);
      }
    }
    return true;
  }

  async #make(change: Change, lsn: Lsn): Promise<void> {
    const { tables, forget } = this.#options;
    switch (change.kind) {
      case 'shape':
        await this.#shape(change.tableId, change.metadata, lsn, change);
        break;
      case 'join':
        await this.#join(change.tableId, change.member, change.filled, lsn);
        break;
      case 'leave':
        await this.#leave(change.tableId, change.oid, lsn);
        break;
      case 'drop': {
        const table = tables.byId(change.tableId);
        if (table === null) break;
        await tables.drop(table, lsn, change.absorbed);
        await forget([table.shape.oid, ...table.shape.members]);
        this.#done.push(`${table.name} is followed no more`);
        break;
      }
      case 'drop columns':
        await this.#dropColumns(change.tableId, change.numbers, lsn);
        break;
      case 'rewrite': {
        const table = tables.byId(change.tableId);
        if (table === null || table.shape.key === null) break;
        await tables.renew(table, lsn);
        await this.#copyAll(table, 'rows got values that are not in the WAL');
        break;
      }
      case 'types':
        await this.#types(lsn);
        break;
      case 'ask':
        await this.#ask(change.oids, lsn, true);
        break;
      case 'ask all':
        await this.#askAll(change.known, lsn);
        break;
      default:
        change satisfies never;
    }
  }

  async #shape(
    tableId: string,
    metadata: TableMetadata,
    lsn: Lsn,
    { filled, untold = false }: { readonly filled: boolean; readonly untold?: boolean },
  ): Promise<void> {
    const { tables } = this.#options;
    const table = tables.byId(tableId);
    if (table === null) {
      if (tables.optionsOf(metadata).skip) return;
      const shape = await tables.shapeOf(metadata, tableId, null);
      const made = await tables.create(shape, { lsn });
      this.#done.push(`index ${made.live.index} for ${made.name}`);
      if (filled) await this.#copyAll(made, 'its rows were there before');
      return;
    }
    const before = table.shape;
    const after = await tables.shapeOf(metadata, tableId, before);
    const numbers = new Set(before.columns.map(({ num }) => num));
    const added = (metadata.columns ?? []).filter(({ num, missing }) => !numbers.has(num) && missing !== undefined);
    const reason = await tables.reshape(table, after, {
      lsn,
      rewritten: untold && !fits(before, metadata) && after.key !== null,
      filledColumns: new Set(added.map(({ num }) => num)),
    });
    if (tableName(before) !== tableName(after)) this.#done.push(`${tableName(before)} is ${tableName(after)}`);
    if (reason !== null) await this.#copyAll(table, reason);
    else this.#done.push(`mapping of ${table.live.index}`);
  }

  async #copyAll(table: SearchTable, reason: string): Promise<void> {
    const { shape } = table;
    if (shape.key === null) return;
    this.#done.push(`documents of ${table.name} are made anew: ${reason}`);
    await this.#options.copy(shape.partitioned ? shape.members : [shape.oid], table);
  }

  async #join(tableId: string, member: TableMetadata, filled: boolean, lsn: Lsn): Promise<void> {
    const { tables, copy } = this.#options;
    const table = tables.byId(tableId);
    if (table === null) {
      await this.#ask([member.oid], lsn, true);
      return;
    }
    if (!table.shape.members.includes(member.oid))
      await tables.remember(table, [...table.shape.members, member.oid], lsn);
    if (member.kind === 'p' || !filled || table.shape.key === null) return;
    this.#done.push(`rows of ${tableName(member)} join ${table.name}`);
    await copy([member.oid], table);
  }

  async #leave(tableId: string, oid: number, lsn: Lsn): Promise<void> {
    const { tables, forget } = this.#options;
    const table = tables.byId(tableId);
    if (table === null) return;
    await tables.remember(
      table,
      table.shape.members.filter((member) => member !== oid),
      lsn,
    );
    await forget([oid]);
    await this.removePart(table, oid, lsn);
    this.#done.push(`documents of a partition left ${table.name}`);
  }

  /** All that came under the oid. */
  async removePart(table: SearchTable, oid: number, version: Lsn): Promise<void> {
    await removePart(this.#options, table, oid, version);
  }

  async #dropColumns(tableId: string, numbers: readonly number[], lsn: Lsn): Promise<void> {
    const { tables } = this.#options;
    const table = tables.byId(tableId);
    if (table === null) return;
    const gone = new Set(numbers);
    const { columns, key } = table.shape;
    const after = {
      ...table.shape,
      columns: columns.filter(({ num }) => !gone.has(num)),
      key: key?.some((num) => gone.has(num)) === true ? null : key,
    };
    if (after.columns.length === columns.length) return;
    const reason = await tables.reshape(table, after, { lsn, rewritten: false });
    if (reason !== null) await this.#copyAll(table, reason);
    else this.#done.push(`mapping of ${table.live.index}`);
  }

  async #types(lsn: Lsn): Promise<void> {
    const { tables, resolver } = this.#options;
    for (const table of [...tables.all()]) {
      const { columns } = table.shape;
      if (!columns.some(({ typeOid }) => typeOid >= FIRST_USER_OID)) continue;
      const types = await resolver.resolve(columns.map(({ typeOid }) => typeOid));
      const after = columns.map((column) => ({ ...column, type: types.get(column.typeOid) ?? column.type }));
      if (JSON.stringify(after) === JSON.stringify(columns)) continue;
      const reason = await tables.reshape(table, { ...table.shape, columns: after }, { lsn, rewritten: false });
      if (reason !== null) await this.#copyAll(table, reason);
    }
  }

  /** `untold`: what was not announced may have changed rows as well. */
  async #ask(oids: readonly number[], lsn: Lsn, filled: boolean): Promise<void> {
    const { tables, catalog } = this.#options;
    const ids = await this.#ids();
    const wanted = new Set(oids);
    // a partition needs its root
    for (const oid of oids) {
      const root = ids.get(oid)?.root;
      if (root !== undefined && tables.byId(ids.get(oid)?.id ?? '') === null) wanted.add(root);
    }
    await this.#adopt(await catalog.relations([...wanted]), ids, lsn, filled);
  }

  async #askAll(knownOnly: boolean, lsn: Lsn): Promise<void> {
    const { tables, catalog } = this.#options;
    const ids = await this.#ids();
    const relations = await catalog.allRelations();
    const chosen = knownOnly
      ? relations.filter(({ oid }) => tables.byOid(oid) !== null)
      : relations.filter((each) => ids.has(each.oid));
    await this.#adopt(chosen, ids, lsn, true);
  }

  async #adopt(
    relations: readonly TableMetadata[],
    ids: ReadonlyMap<number, TableId>,
    lsn: Lsn,
    filled: boolean,
  ): Promise<void> {
    const { tables, target } = this.#options;
    const isPart = ({ partition_bound: bound }: TableMetadata): number => (bound === undefined ? 0 : 1);
    for (const metadata of relations.toSorted((a, b) => isPart(a) - isPart(b))) {
      if (metadata.persistence !== 'p') continue;
      const tableId = ids.get(metadata.oid)?.id ?? tables.byOid(metadata.oid)?.shape.tableId;
      if (tableId === undefined) {
        if (tables.optionsOf(metadata).skip) continue;
        throw new WalcastError('E_SEARCH_INJECTOR', `table ${tableName(metadata)} of the source has no id`, {
          fields: { target, table: tableName(metadata) },
        });
      }
      const owner = tables.byOid(metadata.oid);
      if (owner !== null && owner.shape.tableId !== tableId) {
        if (owner.shape.oid === metadata.oid)
          await this.#make({ kind: 'drop', tableId: owner.shape.tableId, absorbed: true }, lsn);
        else await this.#leave(owner.shape.tableId, metadata.oid, lsn);
      }
      if (isPart(metadata) === 1) {
        if (tables.byOid(metadata.oid) === null && tables.byId(tableId) !== null)
          await this.#join(tableId, metadata, filled, lsn);
      } else if (tables.byId(tableId) === null || !this.#same(tableId, metadata)) {
        await this.#shape(tableId, metadata, lsn, { filled, untold: true });
      }
    }
  }

  #same(tableId: string, metadata: TableMetadata): boolean {
    const shape = this.#options.tables.byId(tableId)?.shape;
    return (
      shape !== undefined && fits(shape, metadata) && tableName(shape) === tableName(metadata) && shape.key !== null
    );
  }

  async #ids(): Promise<ReadonlyMap<number, TableId>> {
    const ids = await this.#options.catalog.tableIds(null);
    if (ids === null) throw withoutInjector(this.#options.target);
    return new Map(ids.map((each) => [each.oid, each]));
  }
}

export function withoutInjector(target: string): WalcastError {
  return new WalcastError('E_SEARCH_INJECTOR', `target ${target} needs ids of tables, and the source keeps none`, {
    fields: { target },
  });
}
