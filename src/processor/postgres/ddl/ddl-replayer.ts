import { temporaryNames } from '../../../ddl/temporary-objects.ts';
import { COMMAND_CLASSES, IGNORED_OBJECTS } from '../../../ddl/command-classes.ts';
import { StatementFinder } from '../../../ddl/statement-finder.ts';
import { grantsOnTemporary, lastIdentifier } from '../../../ddl/statement-names.ts';
import { WalcastError } from '../../../errors/walcast-error.ts';
import type { SqlSession } from '../../../postgres/sql-session.ts';
import { createBareTable } from '../../../schema/render-table.ts';
import type { BackfillEvent, DdlCommandEvent, DdlEvent } from '../../../wal/ddl-event.ts';
import type { Relation } from '../../../wal/relation.ts';
import type { TableMetadata } from '../../../wal/table-metadata.ts';
import type { DdlApplier, ReplayPolicies } from '../ddl-applier.ts';
import { writeBackfill } from './backfill.ts';
import { guardCommit } from './commit-guard.ts';
import { dropOwnedByEvent } from './drop-owned.ts';
import { shownStatement, unmatched, unsupported } from './ddl-errors.ts';
import { emptyMemberTables, memberTableWrites } from './extension-rows.ts';
import { fallbackPlan } from './fallback-plan.ts';
import { createGapTable } from './gap-table.ts';
import type { PendingIndex } from '../concurrent-index.ts';
import { laterIndexes } from './later-index.ts';
import { PlanExecutor } from './plan-executor.ts';
import { RoleRunner } from './role-runner.ts';
import { type Plan, planOf, planStatement } from './statement-plan.ts';
import { type TargetRole, TargetRoles } from './target-roles.ts';
import { UnprovedConstraints } from './unproved-constraints.ts';
import { UserCode } from './user-code.ts';
import type { PostponedKeys } from './verify-shapes.ts';

export interface DdlReplayerOptions extends ReplayPolicies {
  /** CREATE and DROP INDEX CONCURRENTLY as written, after the transaction, instead of plainly within it. */
  readonly concurrently?: boolean;
}

export interface Replayed {
  /** The statement as the source ran it; null: its text is unknown. */
  readonly source?: string | null;
  /** What ran on the target; null: nothing had to. */
  readonly statement: string | null;
  readonly how: string;
  /** Triggers and rules kept as plain ENABLE, for `status` and cut-over. */
  readonly silenced?: readonly string[];
  /** To be done after the transaction, once it is committed. */
  readonly later?: readonly PendingIndex[];
}

export const DEFAULT_ROW_PATH = '"$user", public';
/** pg_event_trigger_table_rewrite_reason(): persistence, default, column type. The others change no value. */
const VALUE_CHANGING = 1 | 2 | 4;

/**
 * Replays captured commands inside the open target transaction. Keeps nothing between transactions: what it has to know of the past it asks
 * the target.
 */
export class DdlReplayer implements DdlApplier {
  readonly userCode: UserCode;
  readonly policies: ReplayPolicies;
  readonly #runner = new RoleRunner();
  readonly #roles: TargetRoles;
  readonly #finder = new StatementFinder();
  readonly #executor: PlanExecutor;
  readonly #unproved: UnprovedConstraints;
  readonly #concurrently: boolean;
  /** Rewritten relations whose rows have not come yet. */
  readonly #rewritten = new Set<number>();
  #lastRelations: readonly TableMetadata[] = [];
  #droppedOwned = false;
  #sent = nobodyAsks;

  constructor(options: DdlReplayerOptions) {
    this.policies = options;
    this.#roles = new TargetRoles(options.roles, options.roleMap);
    this.#concurrently = options.concurrently ?? false;
    this.#executor = new PlanExecutor(this.#runner, this.#roles);
    this.#unproved = new UnprovedConstraints(this.#runner, this.#roles);
    this.userCode = new UserCode(this.#runner, this.#roles, {
      rowSearchPath: options.rowSearchPath ?? DEFAULT_ROW_PATH,
      rowsRole: options.rowsRole ?? null,
    });
  }

  /** Grows whenever the session's prepared statements are gone: compare before a named statement is used. */
  get preparedGeneration(): number {
    return this.#runner.generation;
  }

  postpone(keys: PostponedKeys | null): void {
    this.#executor.postponed = keys;
  }

  get userCodeRan(): boolean {
    return this.#runner.userCodeRan;
  }

  expect(event: DdlEvent): void {
    if (event.kind !== 'rows') this.#finder.expect(event);
  }

  beginGroup(): void {
    this.#roles.forget();
  }

  beginTransaction(): void {
    this.#finder.beginTransaction();
    this.#runner.begin();
    this.#rewritten.clear();
    this.#unproved.begin();
    this.#lastRelations = [];
    this.#droppedOwned = false;
  }

  async apply(event: DdlCommandEvent, session: SqlSession, sent = nobodyAsks): Promise<Replayed> {
    this.#sent = sent;
    this.#finder.remember(event);
    const { tag, phase, details } = event;
    if (phase === 'rewrite') return this.#noteRewrite(event);
    const known = COMMAND_CLASSES.get(tag);
    if (known === undefined) throw unsupported(event, 'this version of walcast does not know the command');
    if (phase === 'drop' && !tag.startsWith('DROP ')) return nothing('told by its command');
    if (isIgnoredObject(event)) return nothing('ignored: of an object that targets do not have');
    this.#lastRelations = details?.relations ?? [];
    for (const { oid, persistence } of this.#lastRelations) if (persistence !== 'p') this.#rewritten.delete(oid);

    switch (known.replay) {
      case 'ignore':
        return nothing(`ignored: ${known.why ?? tag}`);
      case 'stop':
        throw unsupported(event, known.why ?? 'it cannot be repeated');
      case 'owned':
        return await this.#dropOwned(event, session);
      case 'catalog':
        return await this.#fromCatalog(event, session);
      case 'extension':
      case 'verbatim':
        return await this.#fromText(event, session);
      default:
        return known.replay satisfies never;
    }
  }

  passOver(event: DdlCommandEvent): void {
    this.#finder.remember(event);
  }

  async rows(event: BackfillEvent, session: SqlSession): Promise<number> {
    const table = this.#lastRelations.find(({ oid }) => oid === event.oid);
    const name = table === undefined ? `relation ${event.oid}` : `${table.schema}.${table.name}`;
    if (event.resync || table === undefined) {
      const why = event.resync ? 'is above the backfill limit of the source' : 'was not announced with its columns';
      throw new WalcastError('E_DDL_ROWS_MISSING', `${name} was rewritten and ${why}: its new rows did not come.`, {
        fields: { table: name },
      });
    }
    if (event.chunk === 1) await this.#unproved.drop(session, table.schema, table.name);
    const written = await writeBackfill(event, table, this.userCode, session);
    if (event.chunks !== undefined) await this.#unproved.restore(session);
    this.#rewritten.delete(event.oid);
    return written;
  }

  async gap(relation: Relation, session: SqlSession): Promise<void> {
    await createGapTable(relation, session);
  }

  async endTransaction(session: SqlSession): Promise<boolean> {
    const [oid] = this.#rewritten;
    if (oid !== undefined) {
      throw new WalcastError(
        'E_DDL_ROWS_MISSING',
        `Relation ${oid} of the source was rewritten, but its new rows did not come.`,
        { fields: { oid } },
      );
    }
    if (!this.#runner.userCodeRan) return false;
    await guardCommit(session);
    return true;
  }

  #noteRewrite({ details }: DdlCommandEvent): Replayed {
    if (details?.oid !== undefined && ((details.reason ?? 0) & VALUE_CHANGING) !== 0) this.#rewritten.add(details.oid);
    return nothing('rows follow');
  }

  async #dropOwned(event: DdlCommandEvent, session: SqlSession): Promise<Replayed> {
    if (event.phase === 'end' && this.#droppedOwned) {
      this.#droppedOwned = false;
      return nothing('done with its objects');
    }
    this.#droppedOwned = event.phase === 'drop';
    const search = await this.#finder.find(event);
    const found = search.kind === 'found' ? search.candidates[0] : undefined;
    if (found === undefined) throw unmatched(event, search.kind === 'missing' ? search.reason : 'no statement fits');
    const done = await dropOwnedByEvent(event, found.statement.node, this.#roles, session);
    return { source: found.statement.sql, statement: done.join('; '), how: 'from catalog' };
  }

  async #fromCatalog(event: DdlCommandEvent, session: SqlSession): Promise<Replayed> {
    const relations = event.details?.relations ?? [];
    if (relations.length === 0)
      throw unsupported(event, `the source could not describe what it made (${event.failure ?? 'no details'})`);
    return await this.#execute(
      event,
      [planOf(relations.map(createBareTable), 'from catalog', await this.#sourceOf(event))],
      session,
      this.#roles.lookUp(session, event.caller.role),
    );
  }

  async #fromText(event: DdlCommandEvent, session: SqlSession): Promise<Replayed> {
    const author = this.#roles.lookUp(session, event.caller.role);
    const search = await this.#finder.find(event);
    if (search.kind === 'extension member') return nothing('ignored: member of an extension');
    const plans: Plan[] = [];
    if (search.kind === 'found') {
      const [likeliest] = search.candidates;
      if (
        likeliest?.statement.kind === 'GrantStmt' &&
        grantsOnTemporary(likeliest.statement.node, temporaryNames(event))
      )
        return nothing('ignored: of temporary objects');
      const later =
        this.#concurrently && search.candidates[0] !== undefined ? laterIndexes(search.candidates[0], event) : [];
      if (later.length > 0)
        return {
          source: search.candidates[0]?.statement.sql ?? null,
          statement: null,
          how: 'concurrently, after the commit',
          later,
        };
      for (const candidate of search.candidates)
        plans.push(await planStatement(candidate, event, this.#roles, session));
    } else {
      const plan = fallbackPlan(event, false);
      if (plan === null) throw unmatched(event, search.reason);
      plans.push(plan);
    }
    const extension = COMMAND_CLASSES.get(event.tag)?.replay === 'extension' ? extensionName(event) : null;
    if (extension === null) return await this.#execute(event, plans, session, author);
    const before = await memberTableWrites(session, extension);
    const replayed = await this.#execute(event, plans, session, author);
    if (event.tag === 'CREATE EXTENSION') {
      await emptyMemberTables(session, extension);
    } else {
      for (const [table, written] of await memberTableWrites(session, extension)) {
        if (written > (before.get(table) ?? 0)) {
          throw unsupported(event, `the extension's script writes rows into ${table}, which the stream carries too`);
        }
      }
    }
    return replayed;
  }

  async #sourceOf(event: DdlCommandEvent): Promise<string | null> {
    const search = await this.#finder.find(event);
    return search.kind === 'found' ? (search.candidates[0]?.statement.sql ?? null) : null;
  }

  async #execute(
    event: DdlCommandEvent,
    plans: readonly Plan[],
    session: SqlSession,
    author: Promise<TargetRole | null>,
  ): Promise<Replayed> {
    const { plan, notes } = await this.#executor.execute(event, plans, session, author, this.#sent);
    const how = [plan.how, ...notes, ...(event.kind === 'degraded' ? [`degraded: ${event.failure ?? ''}`] : [])].join(
      ', ',
    );
    const statement = shownStatement(event.tag, plan.statements.join('; '));
    const source = plan.source === null ? null : shownStatement(event.tag, plan.source);
    return plan.silenced.length > 0 ? { source, statement, how, silenced: plan.silenced } : { source, statement, how };
  }
}

function nobodyAsks(): void {
  // by itself a command is of interest to nobody
}

function nothing(how: string): Replayed {
  return { statement: null, how };
}

function isIgnoredObject({ details }: DdlCommandEvent): boolean {
  const commands = details?.commands ?? [];
  return commands.length > 0 && commands.every(({ type }) => IGNORED_OBJECTS.has(type.toLowerCase()));
}

/** As the event's command or, for a nested one, its text names it. */
function extensionName(event: DdlCommandEvent): string | null {
  const identity = event.details?.commands?.find(({ type }) => type === 'extension')?.identity;
  return identity === undefined ? null : lastIdentifier(identity);
}
