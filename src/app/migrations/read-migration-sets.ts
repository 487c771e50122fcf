import type { LoadedConfig } from '../../config/load.ts';
import { postgresTargets } from '../../config/targets.ts';
import { redactDeep } from '../../errors/redact.ts';
import { errorStatus } from '../status/error-status.ts';
import { readMigrationSets } from '../status/migration-status.ts';
import { withReadingSession } from '../status/reading-session.ts';
import type { MigrationSetReport } from '../status/status-report.ts';

/** The sets of the source and of every target, as they are installed. A database that cannot be read is part of the answer. */
export async function readAllMigrationSets(loaded: LoadedConfig, signal: AbortSignal): Promise<MigrationSetReport[]> {
  const { source } = loaded.config;
  const databases = postgresTargets(loaded.config);
  const places = [
    { side: 'source', set: 'core', name: 'source', url: source.postgres.url },
    ...databases.map(({ name, postgres }) => ({ side: 'target', set: 'target', name, url: postgres.url }) as const),
  ] as const;
  const reports = await Promise.all(
    places.map(async ({ side, set, name, url }): Promise<readonly MigrationSetReport[]> => {
      try {
        return await withReadingSession(side, url, signal, (session) => readMigrationSets(session, set, name));
      } catch (error) {
        signal.throwIfAborted();
        return [
          { set, database: name, version: null, applied: [], pending: [], failed: [], error: errorStatus(error) },
        ];
      }
    }),
  );
  return redactDeep(reports.flat(), loaded.secrets) as MigrationSetReport[];
}
