import type pg from 'pg';
import { connectClient, endClient } from '../../../postgres/client.ts';
import { READING_OPTIONS } from '../../../postgres/pinned-settings.ts';

const EVERY_MS = 1_000;

/** Whatever part of a build the server counts: tuples while it reads and sorts, blocks before that. */
const SHARE = `
select case when tuples_total > 0 then tuples_done::float8 / tuples_total when blocks_total > 0 then blocks_done::float8 / blocks_total end as share,
  phase from pg_stat_progress_create_index where pid = $1`;

/** Looks every second how far the index is that a session builds. */
export class IndexWatch {
  readonly #url: string;
  readonly #pid: number;
  readonly #tell: (share: string) => void;
  readonly #timer: NodeJS.Timeout;
  #client: pg.Client | null = null;
  #asking: Promise<void> | null = null;

  constructor(url: string, pid: number, tell: (share: string) => void) {
    this.#url = url;
    this.#pid = pid;
    this.#tell = tell;
    this.#timer = setInterval(() => {
      this.#asking ??= this.#ask().finally(() => (this.#asking = null));
    }, EVERY_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#asking;
    if (this.#client !== null) await endClient(this.#client);
  }

  /** Progress is a courtesy: without an answer there is none. */
  async #ask(): Promise<void> {
    try {
      this.#client ??= await connectClient({
        url: this.#url,
        applicationName: 'walcast progress',
        options: READING_OPTIONS,
        side: 'target',
      });
      const { rows } = await this.#client.query<{ share: string | null; phase: string }>(SHARE, [this.#pid]);
      const row = rows[0];
      if (row === undefined) return;
      this.#tell(row.share === null ? row.phase : `${row.phase}, ${Math.trunc(Number(row.share) * 100)} %`);
    } catch {
      this.#client = null;
    }
  }
}
