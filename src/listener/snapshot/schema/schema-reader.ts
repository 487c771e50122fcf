import { WalcastError } from '../../../errors/walcast-error.ts';
import type { Logger } from '../../../observe/logger.ts';
import { sqlstateOf } from '../../../postgres/client.ts';
import type { SqlSession } from '../../../postgres/sql-session.ts';
import { quoteLiteral } from '../../../sql/quote.ts';
import { formatLsn } from '../../../wal/lsn.ts';
import type { SchemaStatement } from '../../../wal/snapshot.ts';
import type { TableMetadata } from '../../../wal/table-metadata.ts';
import type { SnapshotLimits } from '../limits.ts';
import { ReadSession } from '../read-session.ts';
import type { SourceSnapshot } from '../source-snapshot.ts';
import { readSchema, type SchemaSource } from './read-schema.ts';
import { readRelations } from './relations.ts';

export interface SchemaReaderSettings {
  readonly url: string;
  readonly limits: SnapshotLimits;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  /** This pg_dump and no other. */
  readonly pgDumpPath?: string | undefined;
  /** Our own reading of the catalog. */
  readonly renderCatalog: (request: {
    readonly session: SqlSession;
    readonly relations: readonly TableMetadata[];
    readonly serverVersion: number;
    readonly at: string;
  }) => Promise<readonly SchemaStatement[]>;
}

export interface SchemaRequest {
  readonly snapshot: SourceSnapshot;
  readonly schemaSource: SchemaSource;
  readonly signal: AbortSignal;
}

const LOCK_NOT_AVAILABLE = '55P03';
/** Undefined table or object, or a failed look-up: functions read the catalogs as they are now. */
const SCHEMA_MOVED = new Set(['42P01', '42704', '3F000', '42703', '42883', 'XX000']);

/**
 * Reads schemas on a connection of its own: what the server looks up for the text of a view stays locked until the transaction ends, and that
 * of the snapshot lasts as long as the copy.
 */
export function schemaReader(settings: SchemaReaderSettings): (request: SchemaRequest) => Promise<SchemaStatement[]> {
  const { url, limits, logger, pgDumpPath, renderCatalog } = settings;
  return async ({ snapshot, schemaSource, signal }) => {
    const { exportId, serverVersion } = snapshot;
    const at = formatLsn(snapshot.cut.until);
    const session = await ReadSession.connect({
      url,
      signal,
      statementTimeoutMs: limits.statementTimeoutMs,
      purpose: 'schema',
    });
    try {
      await session.execute(`begin isolation level repeatable read read only;
        set transaction snapshot ${quoteLiteral(exportId)}; set local lock_timeout = ${limits.lockTimeoutMs}`);
      const relations = await readRelations(session);
      return await readSchema({
        ...{ url, exportId, session, schemaSource, relations, at, signal, logger, pgDumpPath, serverVersion },
        lockTimeoutMs: limits.lockTimeoutMs,
        renderCatalog: () => renderCatalog({ session, relations, serverVersion, at }),
      });
    } catch (error) {
      if (sqlstateOf(error) === LOCK_NOT_AVAILABLE) {
        throw new WalcastError(
          'E_SNAPSHOT_LOCKED',
          'a table of the source is locked, so its schema could not be read',
          {
            cause: error,
          },
        );
      }
      if (!SCHEMA_MOVED.has(sqlstateOf(error) ?? '')) throw error;
      throw new WalcastError(
        'E_SNAPSHOT_SCHEMA',
        'objects of the source were changed or dropped while its schema was read',
        { cause: error },
      );
    } finally {
      await session.close();
    }
  };
}
