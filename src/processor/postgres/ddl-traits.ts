import type { DdlCommandEvent, DdlEvent } from '../../wal/ddl-event.ts';
import { EVENT, type EventBatch } from '../../wal/event-batch.ts';
import type { TableMetadata } from '../../wal/table-metadata.ts';
import type { DdlApplier } from './ddl-applier.ts';

/** Texts of the batch's commands are parsed while the server is at others. */
export function expectCommands(batch: EventBatch, ddl: DdlApplier): void {
  for (let i = 0; i < batch.count; i++) if (batch.kinds[i] === EVENT.ddl) ddl.expect(batch.object<DdlEvent>(i));
}

/** As logs call it. */
export function headOf(event: DdlEvent): { readonly tag: string; readonly role: string } {
  return event.kind === 'rows' ? { tag: 'rows of a rewrite', role: '' } : { tag: event.tag, role: event.caller.role };
}

/**
 * Commands after which the same transaction of the target may go on with other transactions of the source. Left out is what behaves otherwise
 * inside of the transaction that did it (a value added to an enum cannot be used there), what runs scripts, and what nobody does by the hundred.
 */
const GREGARIOUS: ReadonlySet<string> = new Set([
  'CREATE TABLE',
  'ALTER TABLE',
  'DROP TABLE',
  'CREATE INDEX',
  'DROP INDEX',
  'CREATE SEQUENCE',
  'ALTER SEQUENCE',
  'CREATE SCHEMA',
  'CREATE VIEW',
  'COMMENT',
]);

/** It need not be committed before the next transaction of the source comes. */
export function isGregarious({ kind, phase, tag, iso }: DdlCommandEvent): boolean {
  return kind === 'ddl' && phase !== 'rewrite' && !iso && GREGARIOUS.has(tag);
}

const TABLE_COMMANDS: ReadonlySet<string> = new Set(['CREATE TABLE', 'ALTER TABLE']);

/** It made no constraint that can be checked later: its tables, which were seen to be the same on the target, have none. */
export function defersNothing({ kind, phase, tag, iso, details }: DdlCommandEvent): boolean {
  const { relations = [] } = details ?? {};
  return (
    kind === 'ddl' &&
    phase === 'end' &&
    !iso &&
    TABLE_COMMANDS.has(tag) &&
    relations.length > 0 &&
    !relations.some(({ constraints = [] }) => constraints.some(({ definition }) => definition.includes('DEFERRABLE')))
  );
}

/** Events looked at. */
const AHEAD = 64;

/** Tables of the command whose rows are the next to come, as far as can be seen. */
export function tablesWithRowsNext(batch: EventBatch, command: number): readonly TableMetadata[] {
  const { details } = batch.object<DdlCommandEvent>(command);
  const oids = new Set<number>();
  for (let i = command + 1; i < Math.min(batch.count, command + AHEAD); i++) {
    const kind = batch.kinds[i];
    if (kind === EVENT.ddl) break;
    if (kind === EVENT.insert || kind === EVENT.update || kind === EVENT.delete) oids.add(batch.refs[i] as number);
  }
  return (details?.relations ?? []).filter(({ oid }) => oids.has(oid));
}
