import { WalcastError } from '../../../errors/walcast-error.ts';
import type { TypeResolver } from '../../../documents/types/type-resolver.ts';
import { formatLsn, parseLsn, type Lsn } from '../../../wal/lsn.ts';
import type { TableMetadata } from '../../../wal/table-metadata.ts';
import { fieldLimitProblem } from '../mapping/field-limit.ts';
import type { SearchOptions, TableOptions } from '../search-options.ts';
import { aliasName, isShared } from './alias-name.ts';
import type { AliasAction, FoundIndex, IndexAdmin } from './index-admin.ts';
import { definitionOf, newProperties, sameField } from './index-definition.ts';
import type { IndexNames, IndexRecord } from './index-record.ts';
import { FIELD_LIMIT, flat, LOADING, without } from './index-settings.ts';
import { SearchTable, writeAlias, type TableIndex } from './search-table.ts';
import { shapeChange } from './shape-change.ts';
import { rowColumns, shapeOf, tableName, type TableShape } from './table-shape.ts';

export interface SearchTablesOptions {
  readonly admin: IndexAdmin;
  readonly names: IndexNames;
  readonly options: SearchOptions;
  readonly resolver: TypeResolver;
}

/** All tables of the target and their indexes; makes each change of them. The cluster has everything that is known here. */
export class SearchTables {
  readonly #options: SearchTablesOptions;
  readonly #byId = new Map<string, SearchTable>();
  readonly #byOid = new Map<number, SearchTable>();
  /** Indexes of dropped tables, which go when the drop cannot come again. */
  #doomed: { readonly index: string; readonly lsn: Lsn }[] = [];

  constructor(options: SearchTablesOptions) {
    this.#options = options;
  }

  byId(tableId: string): SearchTable | null {
    return this.#byId.get(tableId) ?? null;
  }

  byOid(oid: number): SearchTable | null {
    return this.#byOid.get(oid) ?? null;
  }

  all(): Iterable<SearchTable> {
    return this.#byId.values();
  }

  optionsOf(table: { readonly schema: string; readonly name: string }): TableOptions {
    return this.#options.options.tables[tableName(table)] ?? { skip: false, settings: {}, fields: {} };
  }

  /** As the cluster has them; what transactions from `checkpoint` on changed is as it was before, since they come again. */
  async load(checkpoint: Lsn): Promise<void> {
    const { admin, names } = this.#options;
    this.#byId.clear();
    this.#byOid.clear();
    this.#doomed = [];
    const found = new Map<string, FoundIndex[]>();
    for (const each of await admin.find(names.tables)) {
      const { tableId } = each.record.shape;
      found.set(tableId, [...(found.get(tableId) ?? []), each]);
    }
    for (const indexes of found.values()) await this.#adopt(indexes, checkpoint);
    for (const table of this.#byId.values()) await this.#alias(table);
  }

  async #adopt(indexes: readonly FoundIndex[], checkpoint: Lsn): Promise<void> {
    const { admin, options } = this.#options;
    const sorted = indexes.toSorted((a, b) => b.record.version - a.record.version);
    const live = sorted.find(({ record }) => record.filling !== true) ?? sorted[0];
    if (live === undefined) return;
    const next = sorted.find(({ record }) => record.filling === true && record.version > live.record.version) ?? null;
    const others = sorted.filter((each) => each !== live && each !== next).map(({ index }) => index);
    await admin.remove(others);
    const { dropped } = live.record;
    if (dropped !== undefined && parseLsn(dropped) < checkpoint) {
      if (options.onDrop === 'delete') await admin.remove([live, next].flatMap((each) => each?.index ?? []));
      return;
    }
    const { base, shape } = (next ?? live).record;
    const before = base !== undefined && parseLsn(base.lsn) >= checkpoint ? base.shape : shape;
    if (before === null) {
      await admin.remove([live, next].flatMap((each) => each?.index ?? []));
      return;
    }
    this.#know(new SearchTable(before, own(live), next === null ? null : own(next)));
  }

  /** Pure but for types: the shape that the catalog's table has here. */
  async shapeOf(metadata: TableMetadata, tableId: string, before: TableShape | null): Promise<TableShape> {
    const types = await this.#options.resolver.resolve(rowColumns(metadata).map(({ type_oid: type }) => type));
    return shapeOf(metadata, tableId, types, this.optionsOf(metadata), before);
  }

  /** An index for a table that has none; `loading`: it gets its alias when all of the copy is there. */
  async create(shape: TableShape, made: { readonly lsn?: Lsn; readonly loading?: boolean }): Promise<SearchTable> {
    const known = this.#byId.get(shape.tableId);
    const version =
      (known === undefined ? 0 : Math.max(known.live.record.version, known.next?.record.version ?? 0)) + 1;
    const record = this.#record(
      version,
      shape,
      made.lsn === undefined ? {} : { base: { lsn: formatLsn(made.lsn), shape: null } },
    );
    const live = await this.#make(record, made.loading === true);
    const table = new SearchTable(shape, live, null);
    this.#know(table);
    if (made.loading !== true) await this.#alias(table);
    return table;
  }

  /** The table has another shape from here on. Returns why its documents have to be made anew, or null: they are right as they are. */
  async reshape(
    table: SearchTable,
    after: TableShape,
    change: { readonly lsn: Lsn; readonly rewritten: boolean; readonly filledColumns?: ReadonlySet<number> },
  ): Promise<string | null> {
    const { options } = this.#options;
    const before = table.shape;
    const { gone: known } = table.live.record;
    const { rebuild, gone } = shapeChange(before, after, {
      fields: options.fields,
      shared: isShared(options.index),
      gone: known,
      filledColumns: change.filledColumns ?? new Set(),
      sameField,
    });
    const base = this.#base(table, change.lsn);
    this.#forget(table);
    table.shape = after;
    this.#know(table);
    const reason = change.rewritten ? 'rows got values that are not in the WAL' : rebuild;
    if (reason !== null || table.next !== null) await this.#beside(table, base);
    else await this.#remap(table, before, gone, base);
    await this.#alias(table);
    return table.next === null ? null : (reason ?? 'it is being filled');
  }

  async #remap(
    table: SearchTable,
    before: TableShape,
    gone: readonly string[],
    base: IndexRecord['base'],
  ): Promise<void> {
    const { admin } = this.#options;
    const { live } = table;
    const old = definitionOf(before, this.#definition(live.record.gone));
    const wanted = definitionOf(table.shape, this.#definition(gone));
    const properties = newProperties(old.mappings.properties, wanted.mappings.properties);
    const limit = wanted.settings[FIELD_LIMIT];
    const ours = fieldLimitProblem(Infinity, this.#chosenSettings(table.shape)) === null;
    if (ours && limit !== old.settings[FIELD_LIMIT]) await admin.putSettings(live.index, { [FIELD_LIMIT]: limit });
    const record = this.#record(live.record.version, table.shape, { gone, ...(base === undefined ? {} : { base }) });
    await admin.putMapping(live.index, properties, record);
    table.live = { ...live, record };
  }

  /** A new version beside, empty; the one in use stays as it is until the other is filled. */
  async #beside(table: SearchTable, base: IndexRecord['base']): Promise<void> {
    const version = Math.max(table.live.record.version, table.next?.record.version ?? 0) + 1;
    if (table.next !== null) await this.#options.admin.remove([table.next.index]);
    const record = this.#record(version, table.shape, { filling: true, ...(base === undefined ? {} : { base }) });
    table.next = await this.#make(record, true);
  }

  /** The documents of the table are to be made anew, its shape being as it is. */
  async renew(table: SearchTable, lsn: Lsn): Promise<void> {
    await this.#beside(table, this.#base(table, lsn));
  }

  /** Empty again, what it is being filled with or what it has; for a copy that starts over. */
  async empty(table: SearchTable): Promise<void> {
    const { index, record } = table.next ?? table.live;
    const made = await this.#make(record, true, index);
    if (table.next !== null) table.next = made;
    else table.live = made;
  }

  /** What was filled beside takes over: in one step for whoever searches. */
  async swap(table: SearchTable): Promise<void> {
    const { admin } = this.#options;
    const { next, live } = table;
    if (next === null) return;
    await this.settle(next.index, table.shape);
    const { version, shape, gone, base } = next.record;
    const record = this.#record(version, shape, { gone, ...(base === undefined ? {} : { base }) });
    await admin.putMapping(next.index, {}, record);
    table.live = { ...next, record };
    table.next = null;
    await this.#alias(table, live);
    await admin.remove([live.index]);
  }

  /** TRUNCATE: a new version takes over at once. */
  async truncate(table: SearchTable, lsn: Lsn): Promise<void> {
    const { live } = table;
    const base = this.#base(table, lsn);
    const record = this.#record(live.record.version + 1, table.shape, {
      gone: [],
      ...(base === undefined ? {} : { base }),
    });
    table.live = await this.#make(record, false);
    await this.#alias(table, live);
    await this.#options.admin.remove([live.index]);
  }

  /** Searches find it no more at once; the index itself stays until the drop is behind the checkpoint. */
  async drop(table: SearchTable, lsn: Lsn, absorbed: boolean): Promise<void> {
    const { admin, options } = this.#options;
    this.#forget(table);
    const { live, next } = table;
    if (next !== null) await admin.remove([next.index]);
    const base = this.#base(table, lsn);
    const record = { ...live.record, dropped: formatLsn(lsn), ...(base === undefined ? {} : { base }) };
    await admin.putMapping(live.index, {}, record);
    if (options.onDrop === 'keep' && !absorbed) return;
    const aliases = live.aliases.filter((alias) => alias !== writeAlias(live.index));
    await admin.changeAliases(aliases.map((alias) => ({ remove: { index: live.index, alias } })));
    this.#doomed.push({ index: live.index, lsn });
  }

  /** Nothing before this position comes again. */
  async reached(checkpoint: Lsn): Promise<void> {
    const gone = this.#doomed.filter(({ lsn }) => lsn < checkpoint);
    if (gone.length === 0) return;
    this.#doomed = this.#doomed.filter(({ lsn }) => lsn >= checkpoint);
    await this.#options.admin.remove(gone.map(({ index }) => index));
  }

  /** Members change without a new shape. */
  async remember(table: SearchTable, members: readonly number[], lsn: Lsn): Promise<void> {
    const base = this.#base(table, lsn);
    this.#forget(table);
    table.shape = { ...table.shape, members };
    this.#know(table);
    for (const which of ['live', 'next'] as const) {
      const found = table[which];
      if (found === null) continue;
      const record = { ...found.record, shape: table.shape, ...(base === undefined ? {} : { base }) };
      await this.#options.admin.putMapping(found.index, {}, record);
      table[which] = { ...found, record };
    }
  }

  /** After the load: refreshed and replicated as the user wants it. */
  async settle(index: string, shape: TableShape): Promise<void> {
    const { admin } = this.#options;
    const wanted = flat(this.#chosenSettings(shape));
    await admin.putSettings(index, {
      refresh_interval: wanted['refresh_interval'] ?? null,
      number_of_replicas: wanted['number_of_replicas'] ?? (wanted['auto_expand_replicas'] === undefined ? 1 : null),
    });
    await admin.refresh(index);
  }

  /** All that were filled by the initial copy get their names. */
  async publish(): Promise<void> {
    for (const table of this.#byId.values()) {
      await this.settle(table.live.index, table.shape);
      await this.#alias(table);
    }
  }

  aliasOf(shape: TableShape): string | null {
    return shape.key === null ? null : aliasName(this.#options.options.index, shape);
  }

  /** Lets the table's name lead to its index, and to nothing of it that was before. */
  async #alias(table: SearchTable, former?: TableIndex): Promise<void> {
    const { admin } = this.#options;
    const { live } = table;
    const wanted = this.aliasOf(table.shape);
    const own = writeAlias(live.index);
    const actions: AliasAction[] = [];
    for (const alias of live.aliases) {
      if (alias !== wanted && alias !== own) actions.push({ remove: { index: live.index, alias } });
    }
    for (const alias of former?.aliases ?? []) {
      if (former !== undefined && alias !== writeAlias(former.index))
        actions.push({ remove: { index: former.index, alias } });
    }
    if (wanted !== null && !live.aliases.includes(wanted)) {
      const left = await this.#leftBehind(wanted, table);
      for (const index of left) if (index !== former?.index) actions.push({ remove: { index, alias: wanted } });
      actions.push({ add: { index: live.index, alias: wanted } });
    }
    await admin.changeAliases(actions);
    table.live = { ...live, aliases: wanted === null ? [own] : [own, wanted] };
  }

  /**
   * Indexes of ours from which the name is to be taken: those of dropped tables that were kept. It may lead to other tables where the user
   * wants it shared, and to nothing else.
   */
  async #leftBehind(alias: string, table: SearchTable): Promise<string[]> {
    const { admin, names, options } = this.#options;
    const { index, indexes } = await admin.behind(alias);
    const others = indexes.filter((each) => !names.isOurs(each));
    const taken = (what: string): WalcastError =>
      new WalcastError('E_SEARCH_NAME', `${table.name} is to be found as ${alias}, but ${what}`, {
        fields: { table: table.name, target: options.name },
      });
    if (index) throw taken('there is an index of that name');
    if (others.length > 0) throw taken(`that name leads to ${others.join(', ')}`);
    if (isShared(options.index)) return [];
    for (const other of this.#byId.values()) {
      if (other !== table && indexes.includes(other.live.index)) throw taken(`so is ${other.name}`);
    }
    return indexes.filter((each) => each !== table.live.index);
  }

  #chosenSettings(table: { readonly schema: string; readonly name: string }): Readonly<Record<string, unknown>> {
    return { ...this.#options.options.settings, ...this.optionsOf(table).settings };
  }

  async #make(record: IndexRecord, loading: boolean, name?: string): Promise<TableIndex> {
    const { admin, names } = this.#options;
    const { shape } = record;
    const index = name ?? names.table(shape.tableId, record.version);
    const { mappings, settings, fieldCount } = definitionOf(shape, this.#definition(record.gone));
    const chosen = this.#chosenSettings(shape);
    const own = { ...settings, ...chosen };
    const limit = fieldLimitProblem(fieldCount, chosen);
    if (limit !== null)
      throw new WalcastError('E_CONFIG', `${tableName(shape)} ${limit}`, {
        hint: 'Raise it in `settings` of the target, or leave it out: it is set by need.',
      });
    await admin.create(index, {
      settings: loading ? { ...without(own, Object.keys(LOADING)), ...LOADING } : own,
      mappings: { ...mappings, _meta: { walcast: record } },
    });
    const alias = writeAlias(index);
    await admin.changeAliases([{ add: { index, alias } }]);
    return { index, record, aliases: [alias] };
  }

  #record(
    version: number,
    shape: TableShape,
    more: Partial<Pick<IndexRecord, 'gone' | 'filling' | 'base'>> = {},
  ): IndexRecord {
    return { v: 1, version, shape, fields: this.#options.options.fields, gone: [], ...more };
  }

  #definition(gone: readonly string[]): Parameters<typeof definitionOf>[1] {
    const { options } = this.#options;
    return { fields: options.fields, shared: isShared(options.index), gone };
  }

  /** What a transaction that comes again has to find: the shape before its first change. */
  #base({ shape, live, next }: SearchTable, lsn: Lsn): IndexRecord['base'] {
    const text = formatLsn(lsn);
    const known = (next ?? live).record.base;
    return known?.lsn === text ? known : { lsn: text, shape };
  }

  #know(table: SearchTable): void {
    this.#byId.set(table.shape.tableId, table);
    this.#byOid.set(table.shape.oid, table);
    for (const oid of table.shape.members) this.#byOid.set(oid, table);
  }

  #forget(table: SearchTable): void {
    this.#byId.delete(table.shape.tableId);
    for (const oid of [table.shape.oid, ...table.shape.members])
      if (this.#byOid.get(oid) === table) this.#byOid.delete(oid);
  }
}

function own({ index, record, aliases }: FoundIndex): TableIndex {
  return { index, record, aliases };
}
