import type pg from 'pg';

/** One message of a client, or what it does beyond sending SQL. */
export type SessionStep =
  | string
  | {
      readonly sql: string;
      /** The SQLSTATE with which the source refuses it. */
      readonly refused: string;
    }
  | ((client: pg.Client) => Promise<unknown>);

/** What one client does; both databases are compared whole afterwards. */
export interface SessionCase {
  readonly name: string;
  readonly steps: readonly SessionStep[];
  /** Sent by the superuser; else by a plain user. */
  readonly as?: 'superuser';
  /** Sent by the superuser before. */
  readonly before?: string;
  readonly since?: number;
  /** Commands that cannot be repeated as they stand, and why the case is there: they are made from the catalog. */
  readonly fromCatalog?: readonly string[];
}

/** A refusal leaves the session as it is: the next step may want to see that. */
export async function play(steps: readonly SessionStep[], client: pg.Client): Promise<void> {
  for (const step of steps) {
    if (typeof step === 'function') await step(client);
    else if (typeof step === 'string') await client.query(step);
    else await refusal(client.query(step.sql), step);
  }
}

async function refusal(running: Promise<unknown>, { sql, refused }: { sql: string; refused: string }): Promise<void> {
  const sqlstate = await running.then(
    () => 'nothing',
    (error: unknown) => (error as { code?: string }).code,
  );
  if (sqlstate !== refused)
    throw new Error(`the source should have refused with ${refused}, it did with ${sqlstate}: ${sql}`);
}
