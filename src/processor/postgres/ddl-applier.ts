import type { SqlSession } from '../../postgres/sql-session.ts';
import type { BackfillEvent, DdlCommandEvent } from '../../wal/ddl-event.ts';
import type { Relation } from '../../wal/relation.ts';

/** Replays captured commands inside the target transaction that also carries the rows before and after them. */
export interface DdlApplier {
  beginTransaction(): void;
  /** `statement` null: nothing had to run; `how` says why. Throws when it cannot be done exactly. */
  apply(
    event: DdlCommandEvent,
    session: SqlSession,
  ): Promise<{ readonly statement: string | null; readonly how: string }>;
  /** @returns rows written */
  rows(event: BackfillEvent, session: SqlSession): Promise<number>;
  /** Makes a table that rows came for and no event announced. */
  gap(relation: Relation, session: SqlSession): Promise<void>;
  /** After user code ran, before COMMIT. True: the session's prepared statements are gone. */
  endTransaction(session: SqlSession): Promise<boolean>;
}
