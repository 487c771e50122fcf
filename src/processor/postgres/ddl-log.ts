import type { PipelinedConnection } from '../../postgres/pipelined-connection.ts';
import type { SqlSession } from '../../postgres/sql-session.ts';
import { formatLsn } from '../../wal/lsn.ts';
import type { AppliedDdl, SourcePosition } from '../../wal/processor.ts';

const STATEMENT = 'note_ddl';
const INSERT = `
insert into walcast.applied_ddl (system_identifier, database, pipeline, lsn, tag, role, source, statement, how, milliseconds)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`;
/** Entries kept; older ones go when a session opens. */
const KEPT = 10_000;
const PRUNE = 'delete from walcast.applied_ddl where id <= (select max(id) from walcast.applied_ddl) - $1::bigint';
/** Characters of a statement that are kept: it is a record for people, not a way to repeat it. */
const TEXT_LIMIT = 32 * 1024;

/** Keeps on the target what was replayed there, written in the same transaction. */
export class DdlLog {
  readonly #connection: PipelinedConnection;
  readonly #source: SourcePosition;

  constructor(connection: PipelinedConnection, source: SourcePosition) {
    this.#connection = connection;
    this.#source = source;
  }

  static async prune(session: SqlSession): Promise<void> {
    await session.query(PRUNE, [String(KEPT)]);
  }

  prepare(): void {
    this.#connection.prepare(STATEMENT, INSERT, []);
  }

  write(entry: AppliedDdl): void {
    const { systemIdentifier, database, pipeline } = this.#source;
    this.#connection.command(STATEMENT, [
      systemIdentifier,
      database,
      pipeline,
      formatLsn(entry.lsn),
      entry.tag,
      entry.role,
      shortened(entry.source),
      shortened(entry.statement),
      entry.how,
      entry.milliseconds.toFixed(3),
    ]);
  }
}

function shortened(text: string | null): string | null {
  return text === null || text.length <= TEXT_LIMIT
    ? text
    : `${text.slice(0, TEXT_LIMIT)}… (${text.length} characters)`;
}
