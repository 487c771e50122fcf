import type { PostgresTarget } from '../../config/targets.ts';
import { describeUrl } from '../../postgres/client.ts';
import type { SqlSession } from '../../postgres/sql-session.ts';
import { checkAgainstSource, checkFirstUse } from '../../wal/checkpoint.ts';
import { formatLsn, parseLsn, type Lsn } from '../../wal/lsn.ts';
import type { SourcePosition } from '../../wal/processor.ts';
import type { DdlStatus, ErrorStatus, TargetStatus } from '../run/run-status.ts';
import { errorStatus } from './error-status.ts';
import { readMigrationSets } from './migration-status.ts';
import { withReadingSession } from './reading-session.ts';
import type { MigrationSetReport, TargetReport } from './status-report.ts';

export interface TargetReading {
  readonly report: TargetReport;
  readonly migrations: readonly MigrationSetReport[];
}

interface Checkpoint {
  readonly lsn: Lsn;
  readonly unmovedSeconds: number;
  readonly error: ErrorStatus | null;
  readonly lastDdl: DdlStatus | null;
}

const LAST_DDL = `
select lsn::text as lsn, tag, statement, how, milliseconds::text as milliseconds
from walcast.applied_ddl where system_identifier = $1 and database = $2 and pipeline = $3 order by id desc limit 1`;

const COPY_PHASE = `
select phase from walcast.snapshot where system_identifier = $1 and database = $2 and pipeline = $3 and phase <> 'done'`;

const CHECKPOINT = `
select lsn::text as lsn, timeline::text as timeline, slot_id::text as slot_id,
       extract(epoch from clock_timestamp() - updated_at)::text as age
from walcast.checkpoint where system_identifier = $1 and database = $2 and pipeline = $3`;

export async function readTarget(
  target: PostgresTarget,
  source: SourcePosition | null,
  daemon: TargetStatus | null,
  mode: 'initial' | 'never',
  signal: AbortSignal,
): Promise<TargetReading> {
  const { url } = target.postgres;
  const base = { name: target.name, address: describeUrl(url) };
  try {
    return await withReadingSession('target', url, signal, async (session) => {
      const migrations = await readMigrationSets(session, 'target', target.name);
      const set = ownSet(migrations);
      const checkpoint = await readCheckpoint(session, source, target.name, set, mode);
      const copyPhase = await readCopyPhase(session, source, set);
      return { report: { ...base, reachable: true, ...merged(checkpoint, source, daemon), copyPhase }, migrations };
    });
  } catch (error) {
    signal.throwIfAborted();
    const report = { ...base, reachable: false, ...merged(null, source, daemon), copyPhase: null };
    return { report: { ...report, error: report.error ?? errorStatus(error) }, migrations: [] };
  }
}

function ownSet(sets: readonly MigrationSetReport[]): Pick<MigrationSetReport, 'applied' | 'pending' | 'error'> {
  return sets.find(({ set }) => set === 'target') ?? { applied: [], pending: [], error: null };
}

/** Null: there is none, and none is expected. */
async function readCheckpoint(
  session: SqlSession,
  source: SourcePosition | null,
  target: string,
  { applied, pending, error }: Pick<MigrationSetReport, 'applied' | 'pending' | 'error'>,
  mode: 'initial' | 'never',
): Promise<Checkpoint | ErrorStatus | null> {
  if (source === null) return null;
  const key = [source.systemIdentifier, source.database, source.pipeline];
  const { rows } = applied.length > 0 ? await session.query(CHECKPOINT, key) : { rows: [] };
  const row = rows[0];
  // one that is to be filled first needs no slot that was never read
  if (row === undefined) return mode === 'initial' ? null : refusal(() => checkFirstUse(source, target));
  const lsn = parseLsn(row['lsn'] ?? '');
  const stored = { lsn, timeline: Number(row['timeline']), slotId: row['slot_id'] ?? '' };
  return {
    lsn,
    unmovedSeconds: Number(row['age']),
    error: refusal(() => checkAgainstSource(stored, source, target)),
    lastDdl: pending.length === 0 && error === null ? await readLastDdl(session, key) : null,
  };
}

async function readCopyPhase(
  session: SqlSession,
  source: SourcePosition | null,
  { pending, error }: Pick<MigrationSetReport, 'pending' | 'error'>,
): Promise<string | null> {
  // where the table is not there yet, nothing was begun
  if (source === null || pending.length > 0 || error !== null) return null;
  const key = [source.systemIdentifier, source.database, source.pipeline];
  return (await session.query(COPY_PHASE, key)).rows[0]?.['phase'] ?? null;
}

async function readLastDdl(session: SqlSession, key: readonly string[]): Promise<DdlStatus | null> {
  const row = (await session.query(LAST_DDL, key)).rows[0];
  if (row === undefined) return null;
  const { lsn, tag, statement, how, milliseconds } = row;
  return {
    lsn: lsn ?? '',
    tag: tag ?? '',
    statement: statement ?? null,
    how: how ?? '',
    milliseconds: Number(milliseconds),
  };
}

/** What `run` would refuse. */
function refusal(check: () => void): ErrorStatus | null {
  try {
    check();
    return null;
  } catch (error) {
    return errorStatus(error);
  }
}

function merged(
  found: Checkpoint | ErrorStatus | null,
  source: SourcePosition | null,
  daemon: TargetStatus | null,
): Omit<TargetReport, 'name' | 'address' | 'reachable' | 'copyPhase'> {
  const checkpoint = found !== null && 'lsn' in found ? found : null;
  const refused = found !== null && 'code' in found ? found : (checkpoint?.error ?? null);
  // The source was read first: a target that moved on since is ahead of what was read, which is no harm.
  const error = refused?.code === 'E_SOURCE_BEHIND' && daemon?.state === 'streaming' ? null : refused;
  const lag =
    checkpoint === null || source === null
      ? (daemon?.lagBytes ?? null)
      : Math.max(0, Number(source.current - checkpoint.lsn));
  return {
    state: daemon?.state ?? 'unknown',
    error: daemon?.error ?? error,
    checkpointLsn: checkpoint === null ? (daemon?.checkpointLsn ?? null) : formatLsn(checkpoint.lsn),
    lagBytes: lag,
    lagSeconds: lag === 0 ? 0 : (daemon?.lagSeconds ?? checkpoint?.unmovedSeconds ?? null),
    rows: daemon?.rows ?? null,
    transactions: daemon?.transactions ?? null,
    ddl: daemon?.ddl ?? null,
    lastDdl: daemon?.lastDdl ?? checkpoint?.lastDdl ?? null,
    snapshot: daemon?.snapshot ?? null,
  };
}
