import type { Config } from '../../config/schema.ts';
import { migrate } from '../../migrate/migrate.ts';
import { DdlReplayer } from '../../processor/postgres/ddl/ddl-replayer.ts';
import { PostgresProcessor } from '../../processor/postgres/postgres-processor.ts';
import type { Processor } from '../../wal/processor.ts';

/** One processor a target of the configuration. */
export function buildProcessors(config: Config): Processor[] {
  return config.targets.map(
    (target) =>
      new PostgresProcessor({
        name: target.name,
        url: target.postgres.url,
        applyDdl: target.ddl === 'apply',
        ddl: () =>
          new DdlReplayer({
            roles: config.ddl.roles,
            roleMap: new Map(Object.entries(config.ddl.role_map)),
            concurrently: config.ddl.concurrently === 'concurrently',
            ...(config.ddl.rows_role === undefined ? {} : { rowsRole: config.ddl.rows_role }),
          }),
        migrate: async (session) => {
          await migrate(session, { set: 'target' });
        },
      }),
  );
}
