import type pg from 'pg';

/** SQL, or what a client does beyond sending SQL. */
export type Step = string | ((client: pg.Client) => Promise<unknown>);

export interface CaseGroup {
  readonly name: string;
  readonly steps: readonly Step[];
  /** Sent by this role in a session of its own; else by the role of the run. */
  readonly user?: 'alice' | 'bob';
  /** Objects whose definitions differ on purpose; see the group. */
  readonly differs?: readonly RegExp[];
}

/** Runs every step; a step that the source refuses (a plain user lacks the right, a version the syntax) is no failure of ours. */
export async function runGroup(group: CaseGroup, client: pg.Client): Promise<string[]> {
  const refused: string[] = [];
  for (const step of group.steps) {
    try {
      await (typeof step === 'string' ? client.query(step) : step(client));
    } catch (error) {
      refused.push(error instanceof Error ? error.message : String(error));
      await client.query('rollback');
    }
  }
  return refused;
}
