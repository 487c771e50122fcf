import { dirname } from 'node:path';
import { pgDump } from '../pg-dump.ts';
import type { TestDatabase } from '../test-database.ts';
import { waitFor } from '../wait-for.ts';
import { faultConfig } from '../workload/config.ts';

export interface CopyConfigOptions {
  readonly sourceUrl: string;
  readonly targetUrl: string;
  readonly slot: string;
  readonly snapshot?: Readonly<Record<string, unknown>>;
}

/** The configuration of a daemon that fills its target first. */
export function copyConfig({
  sourceUrl,
  targetUrl,
  slot,
  snapshot = {},
}: CopyConfigOptions): Readonly<Record<string, unknown>> {
  return { ...faultConfig(sourceUrl, targetUrl, slot), snapshot: { mode: 'initial', ...snapshot } };
}

/** Lets the daemon find a pg_dump that serves every server. */
export async function withPgDump(): Promise<Record<string, string>> {
  const found = await pgDump();
  return found === 'pg_dump' ? {} : { PATH: `${dirname(found)}:${process.env['PATH'] ?? ''}` };
}

export type CopyPhase = 'none' | 'schema' | 'rows' | 'post-data' | 'catchup' | 'done';
const PHASES: readonly CopyPhase[] = ['none', 'schema', 'rows', 'post-data', 'catchup', 'done'];

/** As the target has it; null: it cannot be asked at the moment. */
export async function copyPhase(target: TestDatabase): Promise<CopyPhase | null> {
  try {
    return ((await target.value('select phase from walcast.snapshot')) as CopyPhase | null | undefined) ?? 'none';
  } catch (error) {
    // not installed yet
    return ['42P01', '3F000'].includes((error as { code?: string }).code ?? '') ? 'none' : null;
  }
}

export async function reached(target: TestDatabase, phase: CopyPhase): Promise<boolean> {
  const now = await copyPhase(target);
  return now !== null && PHASES.indexOf(now) >= PHASES.indexOf(phase);
}

/** Every table is there, those that were changed on the way included, and the stream alone brings the rest. */
export async function copyDone(target: TestDatabase, timeoutMs: number, lastLines: () => string): Promise<void> {
  await waitFor(() => reached(target, 'done'), { what: 'the end of the copy', timeoutMs, everyMs: 100 }).catch(
    async (error: unknown) => {
      const left = await target
        .query(
          `select definition->'metadata'->>'name' as name, state from walcast.snapshot_table where state <> 'copied'`,
        )
        .catch(() => []);
      throw new Error(`tables left: ${JSON.stringify(left)}; the daemon's last lines:\n${lastLines()}`, {
        cause: error,
      });
    },
  );
}
