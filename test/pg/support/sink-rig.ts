import { Buffer } from 'node:buffer';
import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { readSourceState } from '../../../src/listener/postgres/source-position.ts';
import { migrate } from '../../../src/migrate/migrate.ts';
import { plainShapes } from '../../support/plain-shapes.ts';
import { PipelinedConnection } from '../../../src/postgres/pipelined-connection.ts';
import { READING_OPTIONS } from '../../../src/postgres/pinned-settings.ts';
import type { ReplayPolicies } from '../../../src/processor/postgres/ddl-applier.ts';
import { ReplacingSink } from '../../../src/processor/postgres/snapshot/replacing-sink.ts';
import { quoteIdentifier, quoteQualified } from '../../../src/sql/quote.ts';
import { parseLsn } from '../../../src/wal/lsn.ts';
import type { SourcePosition } from '../../../src/wal/processor.ts';
import type {
  CopyFormat,
  Cut,
  KeyRange,
  RangeKey,
  RangeState,
  SchemaScript,
  SchemaSection,
  SnapshotSink,
  SnapshotTable,
  SnapshotWriter,
  TableState,
} from '../../../src/wal/snapshot.ts';
import { parseSnapshot } from '../../../src/wal/visibility.ts';
import { PIPELINE, PUBLICATION } from '../../support/pipeline.ts';
import type { TestDatabase } from '../../support/test-database.ts';

/** `sql` of the script, run by a role where it is not the target's own. */
export type ScriptLine = readonly [section: SchemaSection, tag: string, sql: string, role?: string];

export const WHOLE: readonly KeyRange[] = [{ lower: null, upper: null }];
const FRAME_BYTES = 5;

/** The source's side by hand: a script, cuts, and rows as COPY prints them. */
export class SinkRig {
  readonly source: TestDatabase;
  readonly target: TestDatabase;
  readonly #sinks: SnapshotSink[] = [];

  /** The stream that goes on from the copy, if there is one. */
  readonly #slot: string | null;

  constructor(source: TestDatabase, target: TestDatabase, slot: string | null = null) {
    this.source = source;
    this.target = target;
    this.#slot = slot;
  }

  async position(): Promise<SourcePosition> {
    if (this.#slot !== null) {
      const address = { url: this.source.url(), pipeline: PIPELINE, slot: this.#slot, publication: PUBLICATION };
      return (await readSourceState(address, new AbortController().signal)).position;
    }
    const [row] = await this.source.query(
      `select system_identifier::text as system, pg_current_wal_lsn()::text as lsn, current_setting('server_version_num') as version
       from pg_control_system()`,
    );
    const lsn = parseLsn(row?.['lsn'] ?? '');
    return {
      systemIdentifier: row?.['system'] ?? '',
      database: this.source.name,
      pipeline: PIPELINE,
      timeline: 1,
      slotId: '00000000-0000-4000-8000-000000000001',
      serverVersion: Number(row?.['version']),
      confirmed: lsn,
      created: lsn,
      history: [],
      current: lsn,
    };
  }

  async open(
    options: { user?: string; signal?: AbortSignal; replay?: Partial<ReplayPolicies> } = {},
  ): Promise<SnapshotSink> {
    const sink = await ReplacingSink.open(
      {
        target: 'copy',
        url: this.target.url(options.user),
        source: await this.position(),
        replay: { roles: 'stop', roleMap: new Map(), ...options.replay },
        signal: options.signal ?? new AbortController().signal,
      },
      async (session) => void (await migrate(session, { set: 'target' })),
    );
    this.#sinks.push(sink);
    return sink;
  }

  async cut(): Promise<Cut> {
    const snapshot = parseSnapshot((await this.source.value('select pg_current_snapshot()::text')) ?? '');
    const until = parseLsn((await this.source.value('select pg_current_wal_insert_lsn()::text')) ?? '');
    return { snapshot, until };
  }

  /** Tables by `schema.name`, as the source has them now. */
  async script(lines: readonly ScriptLine[], names: readonly (readonly [string, string])[]): Promise<SchemaScript> {
    const version = (await this.position()).serverVersion;
    const session = await PipelinedConnection.connect(
      { url: this.source.url(), applicationName: 'test', options: READING_OPTIONS, side: 'source' },
      () => undefined,
    );
    try {
      const shapes = await plainShapes(
        session,
        names.map(([schema, name]) => ({ schema, name })),
      );
      return {
        tables: shapes.map(
          (metadata): SnapshotTable => ({ oid: metadata.oid, metadata, fileNode: '1', bytes: 8192, estimatedRows: 10 }),
        ),
        statements: lines.map(([section, tag, text, role = ''], i) => ({
          section,
          event: {
            ...{ v: 1, kind: 'ddl', phase: 'end', tag, iso: false, server_version_num: version, at: '0/1' },
            caller: { role, search_path: '', settings: {} },
            text_id: `snapshot:${i}`,
            text,
          },
        })),
      };
    } finally {
      session.close();
    }
  }

  /** One range of a table by one writer, as the source has it now. */
  async copy(
    writer: SnapshotWriter,
    { table, key }: TableState,
    range: RangeState,
    cut: Cut,
    format: CopyFormat = 'text',
  ) {
    const columns = (table.metadata.columns ?? [])
      .filter(({ generated_kind: kind }) => kind === undefined)
      .map(({ name }) => name);
    const { schema, name } = table.metadata;
    const bounds = [
      ...(key !== null && range.lower !== null ? [`${quoteIdentifier(key.column)} >= '${range.lower}'`] : []),
      ...(key !== null && range.upper !== null ? [`${quoteIdentifier(key.column)} < '${range.upper}'`] : []),
    ];
    const where = bounds.length === 0 ? '' : ` where ${bounds.join(' and ')}`;
    const list = columns.length === 0 ? '' : columns.map(quoteIdentifier).join(', ');
    const sql = `copy (select ${list} from ${quoteQualified(schema, name)}${where}) to stdout${format === 'binary' ? ' with (format binary)' : ''}`;
    await writer.begin(table.metadata, columns, format);
    const { rows, bytes } = await this.send(sql, writer);
    await writer.commit(table.oid, { ...range, cut, rows, bytes });
  }

  /** What COPY prints, in frames of the protocol that are cut anywhere. */
  async send(sql: string, writer: SnapshotWriter): Promise<{ rows: number; bytes: number }> {
    const client: pg.Client = await this.source.client();
    const stream = client.query(copyTo(sql));
    let bytes = 0;
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      const frame = Buffer.alloc(FRAME_BYTES);
      frame[0] = 0x64;
      frame.writeInt32BE(chunk.length + 4, 1);
      const message = Buffer.concat([frame, chunk]);
      bytes += chunk.length;
      for (let at = 0; at < message.length; at += 65_521) {
        if (!writer.write(message.subarray(at, at + 65_521))) await writer.relieved();
      }
    }
    const { rowCount } = stream as unknown as { rowCount: number };
    await client.end();
    return { rows: rowCount, bytes };
  }

  /** Everything of a script, in one range a table. */
  async fill(sink: SnapshotSink, script: SchemaScript, format: CopyFormat = 'text'): Promise<void> {
    const signal = new AbortController().signal;
    const cut = await this.cut();
    await sink.restore('pre-data', () => undefined, signal);
    await sink.enter('rows');
    const writer = await sink.openWriter();
    for (const table of script.tables) await this.copyWhole(sink, writer, table, cut, format);
    await writer.close();
    await sink.enter('post-data');
    await sink.restore('post-data', () => undefined, signal);
  }

  async copyWhole(
    sink: SnapshotSink,
    writer: SnapshotWriter,
    table: SnapshotTable,
    cut: Cut,
    format: CopyFormat = 'text',
    key: RangeKey | null = null,
    ranges: readonly KeyRange[] = WHOLE,
  ): Promise<void> {
    const state = await sink.startTable(table, key, ranges);
    if (state === null) throw new Error(`${table.metadata.name} is not like the target's`);
    for (const range of state.ranges) await this.copy(writer, state, range, cut, format);
    await sink.markTable(table.oid, 'copied');
  }

  async close(): Promise<void> {
    await Promise.all(this.#sinks.map((sink) => sink.close()));
  }
}
