import { CopyRows } from '../../../documents/rows/copy-rows.ts';
import { WalcastError } from '../../../errors/walcast-error.ts';
import type { Lsn } from '../../../wal/lsn.ts';
import type { CopyFormat, RangeState, SnapshotWriter } from '../../../wal/snapshot.ts';
import type { TableMetadata } from '../../../wal/table-metadata.ts';
import type { BulkWriter } from '../bulk/index.ts';
import { bind, type Binding } from '../rows/binding.ts';
import type { DefinitionOptions } from '../tables/index-definition.ts';
import { writeAlias, type SearchTable } from '../tables/search-table.ts';
import { rowColumns } from '../tables/table-shape.ts';

export interface DocumentWriterOptions {
  readonly writer: BulkWriter;
  /** Of every document: below every commit that the stream brings from here on. */
  readonly version: Lsn;
  readonly definition: Omit<DefinitionOptions, 'gone'>;
  readonly tableOf: (oid: number) => SearchTable | null;
  /** The rows of the range are in the index for good. */
  readonly note: (oid: number, range: RangeState) => Promise<void>;
}

/** Rows of COPY into the index that is being filled. What is written twice is the same document. */
export class DocumentWriter implements SnapshotWriter {
  readonly #options: DocumentWriterOptions;
  #rows: CopyRows | null = null;

  constructor(options: DocumentWriterOptions) {
    this.#options = options;
  }

  begin(metadata: TableMetadata, names: readonly string[], format: CopyFormat): Promise<void> {
    const { writer, version } = this.#options;
    if (format !== 'text') throw new WalcastError('E_INTERNAL', 'documents are made of text');
    const binding = this.#bind(metadata, names);
    writer.version(version);
    this.#rows = new CopyRows(names.length, (bytes, fields, at) => {
      writer.id.clear();
      binding.identity.write(bytes, fields, at, writer.id);
      writer.begin('index', binding.target, binding.route(bytes, fields, at));
      binding.codec.write(bytes, fields, at, writer.out);
      writer.end();
    });
    return Promise.resolve();
  }

  write(data: Buffer): boolean {
    this.#rows?.feed(data);
    return !this.#options.writer.congested;
  }

  async relieved(): Promise<void> {
    await this.#options.writer.relieved();
  }

  async commit(oid: number, range: RangeState): Promise<void> {
    const rows = this.#rows?.rows ?? 0;
    this.#rows = null;
    if (rows !== range.rows)
      throw new WalcastError('E_INTERNAL', `of ${range.rows} rows that the source sent ${rows} were read`);
    await this.#options.writer.drained();
    await this.#options.note(oid, range);
  }

  async close(): Promise<void> {
    await this.#options.writer.close();
  }

  #bind(metadata: TableMetadata, names: readonly string[]): Binding {
    const { writer, tableOf, definition } = this.#options;
    const table = tableOf(metadata.oid);
    const types = new Map(rowColumns(metadata).map((column) => [column.name, column.type_oid]));
    if (table !== null) {
      const { index } = table.next ?? table.live;
      const target = writer.target(writeAlias(index), { label: table.name, requireAlias: true });
      const columns = names.map((name) => ({ name, typeOid: types.get(name) ?? 0, key: true }));
      const binding = bind(table.shape, { oid: metadata.oid, columns }, target, definition);
      if (binding !== null) return binding;
    }
    throw new WalcastError('E_INTERNAL', `rows of ${metadata.schema}.${metadata.name} do not fit their index`);
  }
}
