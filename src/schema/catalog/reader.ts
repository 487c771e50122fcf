import type { SqlSession } from '../../postgres/sql-session.ts';
import type { Dependencies } from './dependencies.ts';
import type { Row } from './catalog-object.ts';

/** Something that the script leaves out, told to a person. */
export interface SchemaFinding {
  readonly object: string;
  readonly message: string;
}

/** What the readers of the kinds of objects share. */
export interface CatalogReader {
  readonly session: SqlSession;
  /** Major version of the source. */
  readonly major: number;
  readonly targetMajor: number;
  readonly dependencies: Dependencies;
  readonly report: (finding: SchemaFinding) => void;
}

export async function rowsOf(reader: CatalogReader, sql: string): Promise<readonly Row[]> {
  return (await reader.session.query(sql)).rows;
}
