import type { LoadedConfig } from '../../config/load.ts';
import { postgresTargets } from '../../config/targets.ts';
import type { SqlSession } from '../../postgres/sql-session.ts';
import { withReadingSession } from '../status/reading-session.ts';

/** One replayed command, as `replicate ddl list` shows it. LSN as `H/L`, time as PostgreSQL prints it in UTC. */
export interface ListedDdl {
  readonly target: string;
  readonly lsn: string;
  readonly appliedAt: string;
  readonly tag: string;
  /** The author on the source. */
  readonly role: string;
  /** The statement as it stood on the source; null where it was not looked for. */
  readonly source: string | null;
  /** What ran on the target; null: nothing had to. */
  readonly statement: string | null;
  /** How it was derived. */
  readonly how: string;
  readonly milliseconds: number;
}

export interface ListDdlOptions {
  readonly loaded: LoadedConfig;
  /** The latest ones, per target. */
  readonly limit: number;
  /** Only this target. */
  readonly target?: string;
  readonly signal: AbortSignal;
}

const LATEST = `
select * from (
  select id, lsn::text as lsn, applied_at::text as applied_at, tag, role, source, statement, how, milliseconds::text as milliseconds
  from walcast.applied_ddl where pipeline = $1 order by id desc limit $2) latest
order by id`;

/** Oldest first, target by target. Empty for a target that was never fed. Source: `walcast.applied_ddl` on each target. */
export async function listDdl({ loaded, limit, target, signal }: ListDdlOptions): Promise<ListedDdl[]> {
  const listed: ListedDdl[] = [];
  for (const { name, postgres } of postgresTargets(loaded.config)) {
    if (target !== undefined && name !== target) continue;
    const entries = await withReadingSession('target', postgres.url, signal, (session) =>
      readEntries(session, name, loaded.config.name, limit),
    );
    listed.push(...entries);
  }
  return listed;
}

async function readEntries(session: SqlSession, target: string, pipeline: string, limit: number): Promise<ListedDdl[]> {
  const present = await session.query("select to_regclass('walcast.applied_ddl')::text as found");
  if ((present.rows[0]?.['found'] ?? null) === null) return [];
  const { rows } = await session.query(LATEST, [pipeline, String(limit)]);
  return rows.map((row) => ({
    target,
    lsn: row['lsn'] ?? '',
    appliedAt: row['applied_at'] ?? '',
    tag: row['tag'] ?? '',
    role: row['role'] ?? '',
    source: row['source'] ?? null,
    statement: row['statement'] ?? null,
    how: row['how'] ?? '',
    milliseconds: Number(row['milliseconds']),
  }));
}
