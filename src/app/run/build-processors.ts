import type { LoadedConfig } from '../../config/load.ts';
import { isPostgres, isSearch, type PostgresTarget } from '../../config/targets.ts';
import { WalcastError } from '../../errors/walcast-error.ts';
import { MigrationBackup } from '../../migrate/backup/back-up.ts';
import { migrate } from '../../migrate/migrate.ts';
import type { Logger } from '../../observe/logger.ts';
import type { SqlSession } from '../../postgres/sql-session.ts';
import { DdlReplayer } from '../../processor/postgres/ddl/ddl-replayer.ts';
import { PostgresProcessor } from '../../processor/postgres/postgres-processor.ts';
import type { Processor } from '../../wal/processor.ts';
import { backupFolder } from '../migrations/backup-folder.ts';

/** One processor a target of the configuration. */
export async function buildProcessors(loaded: LoadedConfig, logger: Logger): Promise<Processor[]> {
  // Only who has a search target pays for its modules, some 15 MB.
  const search = loaded.config.targets.some(isSearch) ? await import('./build-search.ts') : null;
  return loaded.config.targets.map((target) => {
    if (isPostgres(target)) return buildPostgres(target, loaded, logger);
    if (isSearch(target) && search !== null) return search.buildSearch(target, loaded, logger);
    throw new WalcastError('E_INTERNAL', `target ${target.name} is of no known kind`);
  });
}

function buildPostgres(target: PostgresTarget, loaded: LoadedConfig, logger: Logger): Processor {
  const { config } = loaded;
  return new PostgresProcessor({
    name: target.name,
    url: target.postgres.url,
    applyDdl: target.ddl === 'apply',
    snapshot: config.snapshot.mode,
    ddl: () =>
      new DdlReplayer({
        roles: config.ddl.roles,
        roleMap: new Map(Object.entries(config.ddl.role_map)),
        concurrently: config.ddl.concurrently === 'concurrently',
        ...(config.ddl.rows_role === undefined ? {} : { rowsRole: config.ddl.rows_role }),
      }),
    migrate: migrator(target.name, loaded, logger),
  });
}

/** Called with every new session; the backup is made once, however often that is. */
function migrator(target: string, loaded: LoadedConfig, logger: Logger): (session: SqlSession) => Promise<void> {
  const backup = new MigrationBackup({
    folder: backupFolder(loaded),
    onWritten: (path, why) => logger.info({ target, path }, `backup of the schema walcast ${why}`),
  });
  return async (session) => {
    await migrate(session, { set: 'target', backup, onWait: (message) => logger.warn({ target }, message) });
  };
}
