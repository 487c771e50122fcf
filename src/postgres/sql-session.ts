/** Values travel as PostgreSQL text; null is SQL null. */
export type SqlValue = string | null;

export interface SqlResult {
  /** Column values as PostgreSQL text, one object a row. Only for small catalog queries. */
  readonly rows: readonly Readonly<Record<string, string | null>>[];
  /** The count of the command tag; 0 where it has none. */
  readonly rowCount: number;
}

/** A connection on which statements run one after the other inside the caller's transaction. */
export interface SqlSession {
  /** One statement by the extended protocol. Rejects with a `PostgresError` that carries the server's fields. */
  query(sql: string, values?: readonly SqlValue[]): Promise<SqlResult>;
  /** One or more statements by the simple protocol, results dropped. */
  execute(sql: string): Promise<void>;
}
