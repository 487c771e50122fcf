import type { SearchTarget } from '../../config/targets.ts';
import { removeSearchState } from '../../processor/search/search-report.ts';
import { withReadingSession } from '../status/reading-session.ts';
import type { DestroyReport } from './destroy-source.ts';

/** A cluster that does not answer within this keeps its state. */
const LIMIT_MS = 60_000;

const IDENTITY = `select (select system_identifier::text from pg_control_system()) as system_identifier, current_database() as database`;

export interface DestroySearchOptions {
  readonly target: SearchTarget;
  readonly sourceUrl: string;
  readonly pipeline: string;
  readonly onStep?: (step: string) => void;
}

/** Removes the pipeline's checkpoint from a search target. Its indexes stay, with all that is in them. */
export async function destroySearch({
  target,
  sourceUrl,
  pipeline,
  onStep,
}: DestroySearchOptions): Promise<DestroyReport> {
  const signal = AbortSignal.timeout(LIMIT_MS);
  const row = await withReadingSession(
    'source',
    sourceUrl,
    signal,
    async (session) => (await session.query(IDENTITY)).rows[0],
  );
  const source = {
    systemIdentifier: row?.['system_identifier'] ?? '',
    database: row?.['database'] ?? '',
    pipeline,
    timeline: 0,
    slotId: '',
    serverVersion: 0,
  };
  const removed = await removeSearchState(target.opensearch, source, signal);
  const step = removed
    ? `checkpoint of ${pipeline}: removed; its indexes stay`
    : `nothing of ${pipeline} is there: nothing to remove`;
  onStep?.(step);
  return { steps: [step] };
}
