import { connectClient } from '../../postgres/client.ts';
import type { PipelinedConnection } from '../../postgres/pipelined-connection.ts';

const CHECK_EVERY_MS = 5_000;
/** A server may take long for one statement; a dead one takes for ever. After this long we ask on a second connection which it is. */
const SUSPICIOUS_AFTER_MS = 20_000;

/** Notices a target that has stopped answering without closing the connection. */
export class Watchdog {
  readonly #connection: PipelinedConnection;
  readonly #url: string;
  readonly #dead: (error: unknown) => void;
  readonly #timer: NodeJS.Timeout;
  #probing = false;

  constructor(connection: PipelinedConnection, url: string, dead: (error: unknown) => void) {
    this.#connection = connection;
    this.#url = url;
    this.#dead = dead;
    this.#timer = setInterval(() => void this.#check(), CHECK_EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #check(): Promise<void> {
    if (this.#probing || this.#connection.owesAnswerForMs < SUSPICIOUS_AFTER_MS) return;
    this.#probing = true;
    try {
      const client = await connectClient({ url: this.#url, applicationName: 'walcast probe', side: 'target' });
      const { rows } = await client
        .query<{ alive: string }>('select count(*)::text as alive from pg_stat_activity where pid = $1', [
          this.#connection.processId,
        ])
        .finally(() => void client.end().catch(() => undefined));
      if (rows[0]?.alive === '0') this.#dead(new Error('the session is gone on the server'));
    } catch (error) {
      this.#dead(error);
    } finally {
      this.#probing = false;
    }
  }
}
