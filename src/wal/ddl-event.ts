import type { TableMetadata } from './table-metadata.ts';

/** What the source's event triggers say, after its MAC was checked. One message a command; see `migrations/core`. */
export type DdlEvent = DdlCommandEvent | BackfillEvent;

/** For the reader of the stream itself, no target gets it: a new key comes, or one holds no longer. */
export interface KeyEvent extends EventHead {
  readonly kind: 'key';
  readonly generation: number;
  /** Null: this key is new. Else the position from which on nothing is signed with it any more. */
  readonly retired: string | null;
}

interface EventHead {
  /** Message version. Readers accept N and N+1. */
  readonly v: number;
  /** The transaction ran above READ COMMITTED: the trigger may have seen a stale catalog. */
  readonly iso: boolean;
  readonly server_version_num: number;
  /** WAL insert position when the message was written; grows within a transaction. */
  readonly at: string;
}

export interface DdlCommandEvent extends EventHead {
  /** `degraded`: the trigger could not read the catalog; `failure` says why and the details are missing. */
  readonly kind: 'ddl' | 'degraded';
  readonly phase: 'end' | 'drop' | 'rewrite';
  readonly tag: string;
  readonly caller: DdlCaller;
  /** Identifies the client statement; its text travels once per client statement and (sub)transaction. */
  readonly text_id: string;
  readonly text?: string;
  /** PG_CONTEXT without our own frame; absent when the client sent the command itself. */
  readonly context?: string;
  /** Bodies of the SQL-language functions that the context may mean. */
  readonly function_body?: readonly string[];
  readonly failure?: string;
  /**
   * Ids of tables that the command touched, by oid; they stay when a table is renamed or moved. Absent: the source has no injector. A table
   * that is not among them keeps the one it had: above READ COMMITTED the injector may not see it.
   */
  readonly table_ids?: Readonly<Record<string, string>>;
  readonly details?: DdlDetails;
}

export interface DdlCaller {
  readonly role: string;
  readonly search_path: string;
  /** Settings that differ from the values fixed for the message version. */
  readonly settings: Readonly<Record<string, string>>;
}

export interface DdlDetails {
  readonly commands?: readonly DdlCommand[];
  readonly dropped?: readonly DroppedObject[];
  readonly relations?: readonly TableMetadata[];
  /** Phase `end`: the session's temporary relations, whose names come before all others. */
  readonly temporary?: readonly string[];
  /** phase `rewrite`: the rewritten relation and pg_event_trigger_table_rewrite_reason() */
  readonly oid?: number;
  readonly reason?: number;
}

export interface DdlCommand {
  readonly class?: string;
  readonly oid?: number;
  readonly sub?: number;
  readonly tag: string;
  readonly type: string;
  readonly schema?: string;
  readonly identity?: string;
  /**
   * Statements that give it what the source's catalog has: indexes and statistics whole; rules, triggers and functions with defaults or a
   * parsed body as their CREATE; policies and domains as ALTER of their expressions.
   */
  readonly definition?: string;
  readonly version?: string;
}

export interface DroppedObject {
  readonly class: string;
  readonly oid: number;
  readonly sub?: number;
  readonly type: string;
  readonly schema?: string;
  readonly identity: string;
  readonly names?: readonly string[];
  readonly args?: readonly string[];
  readonly original?: boolean;
}

/** Rows of a rewritten relation, which the WAL does not carry: values in their types' text form, columns in attnum order. */
export interface BackfillEvent extends EventHead {
  readonly kind: 'rows';
  readonly oid: number;
  readonly chunk: number;
  /** On the last chunk: how many there were. */
  readonly chunks?: number;
  /** The relation is above the backfill limit, or could not be read to its end: it has to be copied again. May come after other chunks. */
  readonly resync: boolean;
  readonly rows?: readonly (readonly (string | null)[])[];
}
