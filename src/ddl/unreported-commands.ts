/**
 * What becomes of a command that no event trigger reports:
 * rows — what it changes is in the stream · inner — the commands that it runs are reported themselves · none — it changes no database, or
 * storage only · server — it changes what belongs to a server, not to a database · lost — it changes the database and the target does not
 * hear of it, or later
 */
export type Effect = 'rows' | 'inner' | 'none' | 'server' | 'lost';

export interface UnreportedCommand {
  readonly effect: Effect;
  /** What a person should know of it. */
  readonly why?: string;
  readonly since?: number;
  readonly until?: number;
}

const NONE: UnreportedCommand = { effect: 'none' };
const ROWS: UnreportedCommand = { effect: 'rows' };
const INNER: UnreportedCommand = { effect: 'inner' };
const SERVER: UnreportedCommand = { effect: 'server' };
const ROLES: UnreportedCommand = { effect: 'server', why: 'create roles on the target first, or set `ddl.roles`' };
const EVENT_TRIGGERS: UnreportedCommand = {
  effect: 'lost',
  why: 'an event trigger belongs to its server: make it on the target by hand',
};

/** Every tag that PostgreSQL 14 to 18 know and no event trigger reports. Held against the servers by a test. */
export const UNREPORTED_COMMANDS: ReadonlyMap<string, UnreportedCommand> = new Map<string, UnreportedCommand>([
  ['ALTER DATABASE', { effect: 'lost', why: 'settings, owner, rights and name of the database stay the target’s own' }],
  ['ALTER EVENT TRIGGER', EVENT_TRIGGERS],
  ['ALTER ROLE', ROLES],
  ['ALTER SYSTEM', SERVER],
  ['ALTER TABLESPACE', SERVER],
  ['ANALYZE', { effect: 'none', why: 'a target keeps statistics of its own' }],
  ['BEGIN', NONE],
  ['CALL', INNER],
  ['CHECKPOINT', NONE],
  ['CLOSE', NONE],
  ['CLOSE CURSOR', NONE],
  ['CLOSE CURSOR ALL', NONE],
  [
    'CLUSTER',
    {
      effect: 'lost',
      why: 'changes storage only, but the mark that CLUSTER … USING leaves on its index does not arrive; that of ALTER TABLE … CLUSTER ON does',
    },
  ],
  ['COMMIT', NONE],
  ['COMMIT PREPARED', NONE],
  ['COPY', ROWS],
  ['COPY FROM', ROWS],
  ['CREATE DATABASE', SERVER],
  ['CREATE EVENT TRIGGER', EVENT_TRIGGERS],
  ['CREATE ROLE', ROLES],
  ['CREATE TABLESPACE', SERVER],
  ['DEALLOCATE', NONE],
  ['DEALLOCATE ALL', NONE],
  ['DECLARE CURSOR', NONE],
  ['DELETE', ROWS],
  ['DISCARD', NONE],
  ['DISCARD ALL', NONE],
  ['DISCARD PLANS', NONE],
  ['DISCARD SEQUENCES', NONE],
  ['DISCARD TEMP', NONE],
  ['DO', INNER],
  ['DROP DATABASE', SERVER],
  ['DROP EVENT TRIGGER', EVENT_TRIGGERS],
  ['DROP ROLE', ROLES],
  ['DROP TABLESPACE', SERVER],
  ['EXECUTE', INNER],
  [
    'EXPLAIN',
    {
      effect: 'lost',
      why: 'EXPLAIN ANALYZE CREATE TABLE AS makes a table: it is made from the names, types and key of its rows',
    },
  ],
  ['FETCH', NONE],
  ['GRANT ROLE', ROLES],
  ['INSERT', ROWS],
  ['LISTEN', NONE],
  ['LOAD', NONE],
  ['LOCK TABLE', NONE],
  ['MERGE', { effect: 'rows', since: 15 }],
  ['MOVE', NONE],
  ['NOTIFY', NONE],
  ['PREPARE', NONE],
  ['PREPARE TRANSACTION', NONE],
  ['REASSIGN OWNED', { effect: 'lost', why: 'the owner follows with the next statement that mentions the table' }],
  ['REINDEX', { effect: 'none', why: 'changes storage only', until: 16 }],
  ['RELEASE', NONE],
  ['RESET', NONE],
  ['REVOKE ROLE', ROLES],
  ['ROLLBACK', NONE],
  ['ROLLBACK PREPARED', NONE],
  ['SAVEPOINT', NONE],
  ['SELECT', { effect: 'lost', why: 'nextval() and setval(): the value of a sequence does not follow' }],
  ['SELECT FOR KEY SHARE', NONE],
  ['SELECT FOR NO KEY UPDATE', NONE],
  ['SELECT FOR SHARE', NONE],
  ['SELECT FOR UPDATE', NONE],
  ['SET', NONE],
  ['SET CONSTRAINTS', NONE],
  ['SHOW', NONE],
  ['START TRANSACTION', NONE],
  ['TRUNCATE TABLE', ROWS],
  ['UNLISTEN', NONE],
  ['UPDATE', ROWS],
  ['VACUUM', { effect: 'none', why: 'changes storage only' }],
]);
