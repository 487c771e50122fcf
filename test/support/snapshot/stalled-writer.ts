import type { TestDatabase } from '../test-database.ts';
import { waitFor } from '../wait-for.ts';

/** A process of the target's server that was in the middle of taking rows, and stands still. */
export interface StalledWriter {
  readonly pid: number;
  resume(): void;
}

const AT_WORK = `select pid from pg_stat_activity
  where datname = current_database() and pid <> pg_backend_pid() and state = 'active' and query ilike '%copy%from stdin%' and query ilike '%' || $1 || '%'`;

/** Stops whoever writes rows into the table. The server's processes have to be on this machine. */
export async function stallWriter(target: TestDatabase, table: string): Promise<StalledWriter> {
  const find = (): Promise<string | null | undefined> => target.value(AT_WORK, [table]).catch(() => null);
  for (;;) {
    const pid = Number(
      await waitFor(find, { what: `somebody who copies into ${table}`, timeoutMs: 60_000, everyMs: 2 }),
    );
    process.kill(pid, 'SIGSTOP');
    // It may have come to its end in between.
    if (Number(await find()) === pid) return { pid, resume: () => void process.kill(pid, 'SIGCONT') };
    process.kill(pid, 'SIGCONT');
  }
}
