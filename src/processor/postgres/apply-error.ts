import { WalcastError, isWalcastError, type ErrorFields } from '../../errors/walcast-error.ts';
import type { PipelineFailure } from '../../postgres/pipeline-failure.ts';
import { PostgresError } from '../../postgres/postgres-error.ts';
import { classifySqlstate } from '../../sql/sqlstate.ts';
import { EVENT, type EventBatch } from '../../wal/event-batch.ts';
import { formatLsn, type Lsn } from '../../wal/lsn.ts';
import type { Relation } from '../../wal/relation.ts';

const VALUE_LIMIT = 80;
const VERBS: Readonly<Record<number, string>> = {
  [EVENT.insert]: 'INSERT',
  [EVENT.update]: 'UPDATE',
  [EVENT.delete]: 'DELETE',
};

/** SQLSTATE that advance_checkpoint raises. */
const CHECKPOINT_MOVED = 'WC001';

/** What a person reads when a row or the commit of its transaction failed. */
export function pipelineError(
  failure: PipelineFailure,
  target: string,
  relationOf: (oid: number) => Relation | null,
): WalcastError {
  const { batch, event, error, hit } = failure;
  if (batch === null) return serverError(error, `target ${target}`, { target });
  const relation = relationOf(batch.refs[event] as number);
  if (hit !== null) return rowConflict(batch, event, relation, hit, target);
  const { where, fields } = describeRow(batch, event, relation);
  return serverError(error, `${where}, target ${target}`, { ...fields, target });
}

/** The failure of a command, with the place where it stands: what `replicate ddl skip` asks for. */
export function atPosition(error: unknown, lsn: Lsn, target: string): WalcastError {
  const position = formatLsn(lsn);
  const known = serverError(error, `target ${target}`, { target });
  return new WalcastError(known.code, `at ${position}: ${known.message}`, {
    cause: known.cause,
    hint: known.hint,
    retryable: known.retryable,
    fields: { ...known.fields, lsn: position, target },
  });
}

/** Invariant: an update or delete hits exactly one row. */
export function rowConflict(
  batch: EventBatch,
  event: number,
  relation: Relation | null,
  hit: number,
  target?: string,
): WalcastError {
  const { where, fields } = describeRow(batch, event, relation);
  return new WalcastError(
    'E_TARGET_CONFLICT',
    `${where} hit ${hit} rows of ${target === undefined ? 'the target' : `target ${target}`} instead of 1`,
    {
      fields: target === undefined ? fields : { ...fields, target },
    },
  );
}

function describeRow(
  batch: EventBatch,
  event: number,
  relation: Relation | null,
): { where: string; fields: { table: string; lsn: string } } {
  const table = relation === null ? `relation ${batch.refs[event]}` : `${relation.schema}.${relation.name}`;
  const lsn = formatLsn(batch.lsn(event));
  const key = relation === null ? '' : ` (${describeKey(relation, batch, event)})`;
  return { where: `${VERBS[batch.kinds[event] as number]} on ${table} at ${lsn}${key}`, fields: { table, lsn } };
}

/** A failure of a statement on the target, classified by SQLSTATE. */
export function serverError(error: unknown, where: string, fields: ErrorFields): WalcastError {
  if (isWalcastError(error)) return error;
  if (!(error instanceof PostgresError)) {
    return new WalcastError(
      'E_TARGET_CONNECTION',
      `${where}: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error, fields },
    );
  }
  const message = `${where}: ${error.message}${error.detail === undefined ? '' : ` (${error.detail})`} [${error.sqlstate}]`;
  const all = { ...fields, sqlstate: error.sqlstate };
  if (error.sqlstate === CHECKPOINT_MOVED)
    return new WalcastError('E_CHECKPOINT_MOVED', message, { cause: error, fields: all });
  switch (classifySqlstate(error.sqlstate)) {
    case 'ambiguous':
      return new WalcastError('E_TARGET_CONNECTION', message, { cause: error, fields: all });
    case 'retry':
      return new WalcastError('E_TARGET_BUSY', message, { cause: error, fields: all });
    case 'stop':
      return new WalcastError(error.sqlstate.startsWith('23') ? 'E_TARGET_CONFLICT' : 'E_TARGET_APPLY', message, {
        cause: error,
        fields: all,
      });
  }
}

/** The identity of a row, as far as the stream has it; shortened, since it goes to the log. */
function describeKey(relation: Relation, batch: EventBatch, event: number): string {
  const at = (batch.oldAt[event] as number) >= 0 ? (batch.oldAt[event] as number) : (batch.newAt[event] as number);
  const parts: string[] = [];
  relation.columns.forEach((column, i) => {
    if (!column.key || relation.replicaIdentity === 'f') return;
    const value = keyValue(relation, batch, at, i);
    parts.push(`${column.name} = ${value.length > VALUE_LIMIT ? `${value.slice(0, VALUE_LIMIT)}…` : value}`);
  });
  return parts.length > 0 ? parts.join(', ') : 'no key';
}

/** The rows of a binary stream that are refused come again as text; before that only what may pass by itself is told of them. */
function keyValue({ binary, columns }: Relation, batch: EventBatch, at: number, i: number): string {
  const length = batch.fields[at + i * 2 + 1] as number;
  if (binary !== true || length < 0) return batch.text(at, i) ?? 'null';
  const start = batch.fields[at + i * 2] as number;
  return `\\x${batch.bytes.toString('hex', start, start + Math.min(length, VALUE_LIMIT))} of type ${columns[i]?.typeOid}`;
}
