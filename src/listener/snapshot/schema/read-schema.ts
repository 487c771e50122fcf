import { WalcastError } from '../../../errors/walcast-error.ts';
import type { Logger } from '../../../observe/logger.ts';
import type { SqlSession } from '../../../postgres/sql-session.ts';
import { type SqlPiece, StatementSplitter } from '../../../sql/split-statements.ts';
import type { SchemaStatement } from '../../../wal/snapshot.ts';
import type { TableMetadata } from '../../../wal/table-metadata.ts';
import { Confiner } from './confine.ts';
import { Finisher } from './finisher.ts';
import { readDefaultSession } from './default-session.ts';
import { DumpEvents } from './dump-events.ts';
import { findPgDump, type PgDump, pgDumpAt, pgDumpFolders, type PgDumpSearch } from './find-pg-dump.ts';
import { parsePieces } from './parse-pieces.ts';
import { dumpSection } from './run-pg-dump.ts';

/** auto: pg_dump where one fits, else the catalog. */
export type SchemaSource = 'auto' | 'pg_dump' | 'catalog';

export interface ReadSchemaOptions {
  readonly url: string;
  /** Of the snapshot that `session` reads under; it stays open until the schema is read. */
  readonly exportId: string;
  /** Reads the source under the snapshot, search_path pinned to pg_catalog. */
  readonly session: SqlSession;
  readonly schemaSource: SchemaSource;
  /** server_version_num of the source. */
  readonly serverVersion: number;
  /** Go with the statements that make them: tables, views, materialized views, foreign tables. */
  readonly relations: readonly TableMetadata[];
  /** Position that the events carry, `H/L`. */
  readonly at: string;
  /** Our own reading of the catalog. */
  readonly renderCatalog: () => Promise<readonly SchemaStatement[]>;
  readonly signal: AbortSignal;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  /** pg_dump locks every table ACCESS SHARE while it reads. */
  readonly lockTimeoutMs: number;
  /** This pg_dump and no other. */
  readonly pgDumpPath?: string | undefined;
  /** Where to look for one; the folders of PATH and of the usual packages when absent. */
  readonly pgDumpFolders?: readonly string[];
}

/** The schema that the source has under a snapshot, as the events that would make it. */
export async function readSchema(options: ReadSchemaOptions): Promise<SchemaStatement[]> {
  const { session, schemaSource, serverVersion, signal, url, logger } = options;
  const confiner = await Confiner.create(session, () => readDefaultSession(url, signal));
  if (schemaSource === 'catalog') return await fromCatalog(options, confiner);
  const search = await fittingPgDump(options, Math.floor(serverVersion / 10_000));
  if (search.kind === 'missing') {
    if (schemaSource === 'pg_dump') throw new WalcastError('E_PG_DUMP_MISSING', `${search.why}.`);
    logger.info(`the schema is read from the catalog: ${search.why}`);
    return await fromCatalog(options, confiner);
  }
  try {
    return await fromDump(options, confiner, search.pgDump);
  } catch (error) {
    const failed = error instanceof WalcastError && error.code === 'E_PG_DUMP';
    if (!failed || schemaSource === 'pg_dump') throw error;
    logger.warn({ err: error }, 'the schema is read from the catalog, since pg_dump failed');
    return await fromCatalog(options, confiner);
  }
}

async function fittingPgDump(options: ReadSchemaOptions, serverMajor: number): Promise<PgDumpSearch> {
  const { pgDumpPath: path } = options;
  if (path === undefined) return await findPgDump(serverMajor, options.pgDumpFolders ?? (await pgDumpFolders()));
  const pgDump = await pgDumpAt(path);
  if (pgDump === null) return { kind: 'missing', why: `${path} does not run as a pg_dump` };
  if (pgDump.major >= serverMajor) return { kind: 'found', pgDump };
  return { kind: 'missing', why: `${path} is version ${pgDump.version}, and the source is PostgreSQL ${serverMajor}` };
}

async function fromDump(options: ReadSchemaOptions, confiner: Confiner, pgDump: PgDump): Promise<SchemaStatement[]> {
  const { session, serverVersion, at, relations, url, exportId, signal, lockTimeoutMs } = options;
  const { rows } = await session.query('select extname, extversion from pg_extension');
  const extensions = new Map(rows.map(({ extname, extversion }) => [extname ?? '', extversion ?? '']));
  const events = new DumpEvents({ serverVersion, at, relations, extensions });
  const finisher = new Finisher(confiner, relations);
  for (const section of ['pre-data', 'post-data'] as const) {
    const text = dumpSection(section, { pgDump, url, exportId, lockTimeoutMs, signal });
    for await (const { statement, parsed } of events.read(section, piecesOf(text)))
      await finisher.add(statement, parsed);
  }
  return finisher.statements;
}

async function fromCatalog(options: ReadSchemaOptions, confiner: Confiner): Promise<SchemaStatement[]> {
  const rendered = await options.renderCatalog();
  const finisher = new Finisher(confiner, options.relations);
  const pieces = rendered.map(({ event }): SqlPiece => ({ kind: 'statement', text: event.text ?? '' }));
  let at = 0;
  for await (const parsed of parsePieces(pieces)) {
    const statement = rendered[at++];
    if (statement !== undefined) await finisher.add(statement, parsed);
  }
  return finisher.statements;
}

async function* piecesOf(text: AsyncIterable<string>): AsyncGenerator<SqlPiece> {
  const splitter = new StatementSplitter();
  for await (const part of text) yield* splitter.push(part);
  yield* splitter.end();
}
