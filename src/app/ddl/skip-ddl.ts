import type { LoadedConfig } from '../../config/load.ts';
import { postgresTargets } from '../../config/targets.ts';
import { WalcastError } from '../../errors/walcast-error.ts';
import { connectClient } from '../../postgres/client.ts';
import { READING_OPTIONS } from '../../postgres/pinned-settings.ts';
import { formatLsn, parseLsn } from '../../wal/lsn.ts';

export interface SkipDdlOptions {
  readonly loaded: LoadedConfig;
  readonly target: string;
  /** Position of the command, `H/L`, as the error that stopped the target names it. */
  readonly lsn: string;
  readonly signal: AbortSignal;
}

const SKIP = `
insert into walcast.skipped_ddl (system_identifier, database, pipeline, lsn)
select system_identifier, database, pipeline, $2::pg_lsn from walcast.checkpoint where pipeline = $1
on conflict do nothing returning lsn::text`;

/** Lets a target pass over one command when it comes to it. Returns how many checkpoints it was noted for; 0: it had been noted before. */
export async function skipDdl({ loaded, target, lsn, signal }: SkipDdlOptions): Promise<number> {
  const found = postgresTargets(loaded.config).find(({ name }) => name === target);
  if (found === undefined)
    throw new WalcastError('E_CONFIG', `there is no PostgreSQL target ${target} in the configuration`);
  const position = readLsn(lsn);
  const client = await connectClient({
    url: found.postgres.url,
    applicationName: 'walcast ddl skip',
    options: READING_OPTIONS,
    side: 'target',
    signal,
  });
  try {
    return (await client.query(SKIP, [loaded.config.name, position])).rowCount ?? 0;
  } finally {
    await client.end().catch(() => undefined);
  }
}

function readLsn(text: string): string {
  try {
    return formatLsn(parseLsn(text));
  } catch (cause) {
    throw new WalcastError('E_CONFIG', `${JSON.stringify(text)} is not a position such as 0/16B3748`, { cause });
  }
}
