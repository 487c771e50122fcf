import { isWalcastError, type WalcastError } from '../../../errors/walcast-error.ts';
import { PostgresError } from '../../../postgres/postgres-error.ts';
import type { SqlSession } from '../../../postgres/sql-session.ts';
import { relationShapes } from '../../../schema/relation-shape.ts';
import { quoteIdentifier, quoteQualified } from '../../../sql/quote.ts';
import type { DdlCommandEvent } from '../../../wal/ddl-event.ts';
import type { TableMetadata } from '../../../wal/table-metadata.ts';
import { enterEnvironment, KEEP, standingSettings, UNDO } from './author-environment.ts';
import { failed, mismatch, notThere, stillThere } from './ddl-errors.ts';
import { fallbackPlan } from './fallback-plan.ts';
import { foldedBound } from './folded-bound.ts';
import type { RoleRunner } from './role-runner.ts';
import { metLater } from './met-later.ts';
import { notDropped, notMade } from './presence.ts';
import { isPostgresFailure, isRefusal } from './server-errors.ts';
import type { Plan } from './statement-plan.ts';
import type { TargetRole, TargetRoles } from './target-roles.ts';
import { validatedLater } from './foreign-key.ts';
import {
  ANY_POSTPONED,
  NOTHING_POSTPONED,
  type PostponedKeys,
  type ShapeMismatch,
  shapeMismatches,
} from './verify-shapes.ts';

/** insufficient_privilege: among others, the table belongs to somebody else here. */
const NOT_ALLOWED = '42501';
const FOREIGN_KEY_VIOLATION = ['23503'];
/** undefined table, object, schema, function: the text names something that only the source's session had. */
const NAMES_NOTHING = ['42P01', '42704', '3F000', '42883'];

export interface Executed {
  readonly plan: Plan;
  readonly notes: readonly string[];
}

/** Runs a plan as its author would and keeps it only if the target then looks like the source. */
export class PlanExecutor {
  readonly #runner: RoleRunner;
  readonly #roles: TargetRoles;
  /** While tables stand at different moments of the source: foreign keys may be validated at the end. Null: they are checked at once. */
  postponed: PostponedKeys | null = null;

  constructor(runner: RoleRunner, roles: TargetRoles) {
    this.#runner = runner;
    this.#roles = roles;
  }

  /**
   * Takes the first plan that runs and leaves the right result; the first failure is the one that is told.
   * @param sent called when a plan was sent, and all that is done about its result
   * @param author what `TargetRoles.lookUp` answers, asked while the plans were made
   */
  async execute(
    event: DdlCommandEvent,
    plans: readonly Plan[],
    session: SqlSession,
    author: Promise<TargetRole | null>,
    sent: () => void = () => undefined,
  ): Promise<Executed> {
    const role = await this.#roles.resolve(session, event.caller.role, author);
    await this.#runner.prepare(session, role);
    const waiting = [...plans];
    const notes: string[] = [];
    let first: WalcastError | undefined;
    for (let plan = waiting.shift(); plan !== undefined; plan = waiting.shift()) {
      try {
        return { plan, notes: [...notes, ...(await this.#attempt(event, role, plan, session, sent))] };
      } catch (error) {
        if (!isWalcastError(error) || !plan.savepoint) throw error;
        first ??= error;
        if (isPostgresFailure(error.cause, [NOT_ALLOWED]) && (await this.#correctOwners(event, session))) {
          notes.push('owner corrected');
          waiting.unshift(plan);
        } else if (
          plan.how !== FALLBACK &&
          (isPostgresFailure(error.cause, NAMES_NOTHING) || (plan.copies && error.code === 'E_DDL_MISMATCH'))
        ) {
          const fallback = fallbackPlan(event, / cascade\s*;?\s*$/i.test(plan.statements[0] ?? ''));
          if (fallback !== null) waiting.push({ ...fallback, how: FALLBACK, source: plan.source });
        } else if (this.postponed !== null && isPostgresFailure(error.cause, FOREIGN_KEY_VIOLATION)) {
          const statements = await validatedLater(plan.statements);
          if (statements !== null) waiting.unshift({ ...plan, statements, how: LATER });
        }
      }
    }
    throw first ?? new Error('no plan to execute');
  }

  /** @returns notes · throws a WalcastError with everything undone if this plan will not do */
  async #attempt(
    event: DdlCommandEvent,
    role: TargetRole,
    plan: Plan,
    session: SqlSession,
    sent: () => void,
  ): Promise<string[]> {
    const tolerated = plan.how === LATER ? ANY_POSTPONED : (this.postponed ?? NOTHING_POSTPONED);
    const standing = await standingSettings(session);
    let running = '';
    let mismatches: Promise<ShapeMismatch[]>;
    try {
      const entered = metLater(session.execute(enterEnvironment(event.caller, standing, plan.savepoint)));
      if (plan.detached !== null) await this.#keepBound(plan.detached, role, session);
      const ran = plan.statements.map((sql) => metLater(this.#runner.run(session, role, sql)));
      const cleaned = metLater(this.#runner.clean(session));
      mismatches = metLater(this.#mismatches(event, tolerated, session));
      sent();
      await entered;
      for (const [i, answer] of ran.entries()) {
        running = plan.statements[i] ?? '';
        await answer;
      }
      await cleaned;
    } catch (error) {
      if (!(error instanceof PostgresError) || !isRefusal(error)) throw error;
      if (plan.savepoint) {
        await session.execute(UNDO);
        await this.#runner.clean(session);
      }
      throw failed(event, running, error);
    }
    const found = await mismatches;
    const others = found.filter(({ differences }) => differences.some(({ path }) => path !== 'owner'));
    const wrong = await wrongAfter(event, plan, others, session);
    if (wrong !== null) {
      if (plan.savepoint) await session.execute(UNDO);
      throw wrong;
    }
    for (const { table } of found) await giveTo(table, table.owner, session);
    if (found.length > 0) sent();
    // if it failed, so would everything after it, the checkpoint among it
    if (plan.savepoint) void metLater(session.execute(KEEP));
    return found.length > 0 ? ['owner corrected'] : [];
  }

  async #mismatches(event: DdlCommandEvent, tolerated: PostponedKeys, session: SqlSession): Promise<ShapeMismatch[]> {
    // above READ COMMITTED the trigger may have seen a stale catalog
    if (event.iso) return [];
    const relations = event.details?.relations ?? [];
    return await shapeMismatches(session, this.#roles, relations, event.server_version_num, tolerated);
  }

  /** DETACH CONCURRENTLY leaves the partition's bound behind as a CHECK, plain DETACH does not. The author's search_path is in force here. */
  async #keepBound(partition: string, role: TargetRole, session: SqlSession): Promise<void> {
    const { rows } = await session.query(
      'select pg_catalog.pg_get_partition_constraintdef(pg_catalog.to_regclass($1)) as bound',
      [partition],
    );
    const bound = rows[0]?.['bound'];
    if (typeof bound === 'string')
      await this.#runner.run(session, role, `ALTER TABLE ONLY ${partition} ADD CHECK (${await foldedBound(bound)})`);
  }

  /** REASSIGN OWNED, and tables that no event announced: the source's owner is known from this event only. */
  async #correctOwners({ details }: DdlCommandEvent, session: SqlSession): Promise<boolean> {
    const relations = (details?.relations ?? []).filter(({ kind }) => kind !== 'c');
    const owners = new Map(
      (await relationShapes(session, relations)).map((shape) => [`${shape.schema}\0${shape.name}`, shape.owner]),
    );
    let corrected = false;
    for (const relation of relations) {
      const owner = owners.get(`${relation.schema}\0${relation.name}`);
      const { name } = await this.#roles.resolve(session, relation.owner);
      if (owner === undefined || owner === name) continue;
      await giveTo(relation, name, session);
      corrected = true;
    }
    return corrected;
  }
}

const FALLBACK = 'from catalog, names lost';
const LATER = 'validated when the initial copy is complete';

/** What tells the target from the source after a plan ran. */
async function wrongAfter(
  event: DdlCommandEvent,
  { statements, ifExists, mayDoNothing }: Plan,
  others: readonly ShapeMismatch[],
  session: SqlSession,
): Promise<WalcastError | null> {
  const sql = statements.join('; ');
  if (others.length > 0) return mismatch(event, sql, others);
  const left = ifExists ? await notDropped(session, event.details?.dropped ?? []) : [];
  if (left.length > 0) return stillThere(event, sql, left);
  const lacking = mayDoNothing ? await notMade(session, event.details?.commands ?? []) : [];
  return lacking.length > 0 ? notThere(event, sql, lacking) : null;
}

async function giveTo(table: TableMetadata, owner: string, session: SqlSession): Promise<void> {
  await session.execute(`alter table ${quoteQualified(table.schema, table.name)} owner to ${quoteIdentifier(owner)}`);
}
