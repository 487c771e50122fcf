import { randomUUID } from 'node:crypto';
import { WalcastError } from '../../../errors/walcast-error.ts';
import type { Lsn } from '../../../wal/lsn.ts';
import type { SourcePosition } from '../../../wal/processor.ts';
import type {
  Cut,
  KeyRange,
  RangeKey,
  RangeState,
  SchemaScript,
  SchemaSection,
  SectionProgress,
  SnapshotPhase,
  SnapshotSink,
  SnapshotState,
  SnapshotTable,
  SnapshotWriter,
  TableCopyState,
  TableState,
} from '../../../wal/snapshot.ts';
import { BulkWriter } from '../bulk/index.ts';
import { removePart } from '../ddl/remove-part.ts';
import type { SearchSession } from '../search-session.ts';
import { CHECKPOINT, writeCheckpoint } from '../state/checkpoint-store.ts';
import type { CopyHead } from '../state/copy-store.ts';
import { isShared } from '../tables/alias-name.ts';
import type { SearchTable } from '../tables/search-table.ts';
import { fits } from '../tables/table-shape.ts';
import { DocumentWriter } from './document-writer.ts';
import { makeIndexes } from './make-indexes.ts';

export interface SearchSinkOptions {
  readonly session: SearchSession;
  readonly source: SourcePosition;
  /** Of the documents: below whatever the stream brings from here on, and not below what is there. */
  readonly version: Lsn;
  /** The tables are those of a target that streams; else they are read or made. */
  readonly streaming: boolean;
  readonly close: () => Promise<void>;
}

/** Fills indexes from the source's state. What has to be known of it lies in the state index. */
export class SearchSink implements SnapshotSink {
  readonly rowsOnly = true;
  readonly #options: SearchSinkOptions;
  readonly #holder = randomUUID();
  readonly #tables = new Map<number, TableState>();
  #head: CopyHead | null = null;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: SearchSinkOptions) {
    this.#options = options;
  }

  async load(): Promise<SnapshotState | null> {
    const { session, source, streaming } = this.#options;
    const head = await session.copies.head();
    if (head === null) return null;
    this.#head = { ...head, holder: this.#holder };
    await session.copies.writeHead(this.#head);
    if (!streaming) await session.tables.load(source.confirmed);
    const state = await session.copies.state(head);
    for (const table of state.tables) this.#tables.set(table.table.oid, table);
    return state;
  }

  async begin(script: SchemaScript, schema: Cut): Promise<SnapshotState> {
    const { session, source } = this.#options;
    await session.copies.forget();
    const followed = await makeIndexes(session, script, schema);
    for (const table of followed) {
      const state: TableState = { table, state: 'waiting', key: null, ranges: [] };
      this.#tables.set(table.oid, state);
      await session.copies.writeTable(state);
    }
    await session.documents.read(CHECKPOINT);
    await writeCheckpoint(session.documents, source, source.confirmed);
    this.#head = { phase: 'schema', schema, holder: this.#holder };
    await session.copies.writeHead(this.#head);
    return { phase: 'schema', schema, tables: [...this.#tables.values()] };
  }

  /** The indexes were made with the beginning; at the end they get their names. */
  async restore(section: SchemaSection, report: (progress: SectionProgress) => void): Promise<void> {
    const { tables } = this.#options.session;
    if (section === 'pre-data') return;
    const all = [...tables.all()];
    for (const [done, table] of all.entries()) {
      report({ done, total: all.length, current: `index of ${table.name}` });
      const members = this.#membersOf(table);
      if (members.every(({ state }) => state === 'copied')) await this.#verify(table, members);
    }
    await tables.publish();
  }

  async startTable(
    table: SnapshotTable,
    key: RangeKey | null,
    ranges: readonly KeyRange[],
  ): Promise<TableState | null> {
    const { session } = this.#options;
    const found = session.tables.byOid(table.oid);
    if (found === null || found.shape.key === null || !fits(found.shape, table.metadata)) return null;
    const before = this.#tables.get(table.oid);
    await this.#clear(found, table.oid, before);
    const state: TableState = {
      table,
      state: 'waiting',
      key,
      ranges: ranges.map((range, number) => ({ ...range, number, cut: null, rows: 0, bytes: 0 })),
    };
    await this.#write(state);
    return state;
  }

  async markTable(oid: number, state: TableCopyState): Promise<void> {
    const { session } = this.#options;
    const known = this.#tables.get(oid);
    if (known === undefined) return;
    const ranges = state === 'copied' ? known.ranges : [];
    await this.#write({ ...known, state, ranges });
    const table = session.tables.byOid(oid);
    if (this.#known().phase !== 'catchup' || table === null || table.next === null) return;
    const members = this.#membersOf(table);
    if (!members.every((member) => member.state === 'copied' || member.state === 'gone')) return;
    await session.tables.settle(table.next.index, table.shape);
    await this.#verify(table, members);
    await session.tables.swap(table);
  }

  openWriter(): Promise<SnapshotWriter> {
    const { session, version } = this.#options;
    const { options } = session;
    const writer = new BulkWriter({
      client: session.client,
      maxBytes: options.bulk.bytes,
      maxCount: options.bulk.count,
      maxRequests: options.bulk.requests,
      refused: session.refused,
      signal: session.signal,
      failed: () => undefined, // met by whoever writes next
    });
    return Promise.resolve(
      new DocumentWriter({
        writer,
        version,
        definition: { fields: options.fields, shared: isShared(options.index) },
        tableOf: (oid) => session.tables.byOid(oid),
        note: (oid, range) => this.#note(oid, range),
      }),
    );
  }

  /** A search index has none. */
  setSequences(): Promise<void> {
    return Promise.resolve();
  }

  analyze(): Promise<void> {
    return Promise.resolve();
  }

  async enter(phase: SnapshotPhase): Promise<void> {
    const { copies } = this.#options.session;
    if (phase === 'done') {
      await copies.forget();
      return;
    }
    this.#head = { ...this.#known(), phase };
    await copies.writeHead(this.#head);
  }

  async abandon(): Promise<void> {
    await this.#options.session.copies.forget();
  }

  async close(): Promise<void> {
    await this.#options.close();
  }

  /** Nothing of an earlier attempt stays: it may have rows that are gone since. */
  async #clear(table: SearchTable, oid: number, before: TableState | undefined): Promise<void> {
    const { session, version } = this.#options;
    const { tables } = session;
    const late = this.#known().phase === 'catchup';
    const begun = late || (before?.ranges.length ?? 0) > 0;
    if (!begun) return;
    if (table.shape.partitioned) {
      const writer = this.#wiper();
      try {
        await removePart({ admin: session.admin, writer }, table, oid, version);
      } finally {
        await writer.close();
      }
    } else if (late && table.next === null) {
      await tables.renew(table, version);
    } else {
      await tables.empty(table);
    }
  }

  #wiper(): BulkWriter {
    const { session } = this.#options;
    const { bytes, count } = session.options.bulk;
    return new BulkWriter({
      client: session.client,
      maxBytes: bytes,
      maxCount: count,
      maxRequests: 1,
      refused: { kind: 'stop' },
      signal: session.signal,
      failed: () => undefined,
    });
  }

  #membersOf({ shape }: SearchTable): TableState[] {
    const oids = [shape.oid, ...shape.members];
    return oids.flatMap((oid) => this.#tables.get(oid) ?? []);
  }

  /** As many documents as rows: with an id of its own for each row that is the same set. */
  async #verify(table: SearchTable, members: readonly TableState[]): Promise<void> {
    const { session } = this.#options;
    const { index } = table.next ?? table.live;
    const rows = members.flatMap(({ ranges }) => ranges).reduce((sum, range) => sum + range.rows, 0);
    await session.admin.refresh(index);
    const documents = await session.admin.count(index);
    if (documents === rows) return;
    for (const member of members) await this.#write({ ...member, state: 'changed', ranges: [] });
    throw new WalcastError(
      'E_SEARCH_COUNT',
      `${table.name}: ${rows} rows were copied, and the index has ${documents} documents`,
      { fields: { table: table.name, target: session.options.name } },
    );
  }

  /** Workers note their ranges one after the other. */
  async #note(oid: number, range: RangeState): Promise<void> {
    const mine = this.#turn.then(async () => {
      const head = await this.#options.session.copies.head();
      if (head !== null && head.holder !== this.#holder)
        throw new WalcastError('E_SNAPSHOT_TAKEN', 'another process goes on with the copy into this target');
      const known = this.#tables.get(oid);
      if (known === undefined || known.state !== 'waiting') return; // put aside meanwhile
      await this.#write({
        ...known,
        ranges: known.ranges.map((each) => (each.number === range.number ? range : each)),
      });
    });
    this.#turn = mine.catch(() => undefined);
    await mine;
  }

  async #write(state: TableState): Promise<void> {
    this.#tables.set(state.table.oid, state);
    await this.#options.session.copies.writeTable(state);
  }

  #known(): CopyHead {
    if (this.#head === null) throw new WalcastError('E_INTERNAL', 'no copy was begun or loaded');
    return this.#head;
  }
}
