import { TypeResolver } from '../../documents/types/type-resolver.ts';
import type { SourceIdentity } from '../../wal/processor.ts';
import type { RefusedPolicy } from './bulk/index.ts';
import { SearchClient } from './client/index.ts';
import type { SearchOptions } from './search-options.ts';
import type { SourceCatalog } from './source-catalog.ts';
import { CopyStore } from './state/copy-store.ts';
import { StateDocuments } from './state/state-documents.ts';
import { IndexAdmin } from './tables/index-admin.ts';
import { IndexNames, sourceId } from './tables/index-record.ts';
import { SearchTables } from './tables/search-tables.ts';
import { tableName, type TableShape } from './tables/table-shape.ts';

/** Everything that lives as long as one connection to the cluster. */
export class SearchSession {
  readonly options: SearchOptions;
  readonly client: SearchClient;
  readonly signal: AbortSignal;
  readonly names: IndexNames;
  readonly admin: IndexAdmin;
  readonly documents: StateDocuments;
  readonly copies: CopyStore;
  readonly resolver: TypeResolver;
  readonly tables: SearchTables;
  readonly #ending = new AbortController();

  private constructor(options: SearchOptions, client: SearchClient, source: SourceIdentity, signal: AbortSignal) {
    this.options = options;
    this.client = client;
    this.signal = AbortSignal.any([signal, this.#ending.signal]);
    this.names = new IndexNames(options.prefix, source);
    this.admin = new IndexAdmin(client, this.signal);
    this.documents = new StateDocuments(client, this.names.state, this.signal);
    this.copies = new CopyStore(this.documents);
    this.resolver = new TypeResolver(options.types);
    const { admin, names, resolver } = this;
    this.tables = new SearchTables({ admin, names, options, resolver });
  }

  static async open(options: SearchOptions, source: SourceIdentity, signal: AbortSignal): Promise<SearchSession> {
    const client = await SearchClient.create({
      ...options.reach,
      opaqueId: `walcast:${options.prefix}-${sourceId(source)}`,
    });
    return new SearchSession(options, client, source, signal);
  }

  get catalog(): SourceCatalog {
    return this.options.catalog;
  }

  get refused(): RefusedPolicy {
    return this.options.onRefused === 'stop' ? { kind: 'stop' } : { kind: 'deadLetter', index: this.names.deadLetters };
  }

  warnUnfollowed(shape: TableShape): void {
    this.options.warn(
      { target: this.options.name, table: tableName(shape) },
      'not in the search index: the table has no primary key, and no unique index over columns that are not null',
    );
  }

  async close(): Promise<void> {
    this.#ending.abort(new Error('closed'));
    await this.client.close();
  }
}
