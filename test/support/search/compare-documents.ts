import { createHash } from 'node:crypto';
import type pg from 'pg';
import { rowsOf, withClient } from '../text-client.ts';

const PAGE = 5_000;
const SHOWN = 20;

export interface ComparedTable {
  readonly source: string;
  /** Of the cluster. */
  readonly cluster: string;
  readonly alias: string;
  /** As SQL takes it. */
  readonly table: string;
  readonly key: readonly string[];
  /** Names of columns, each with the SQL for its value as the index gives it back. */
  readonly columns: Readonly<Record<string, string>>;
}

/** What differs between the rows of a table and the documents of its index: ids that are missing or too many, and values. At most twenty are told. */
export async function documentDifferences(compared: ComparedTable): Promise<string[]> {
  const documents = await documentsOf(compared);
  const told: string[] = [];
  const tell = (text: string): void => void (told.length < SHOWN && told.push(text));
  await withClient(compared.source, async (client) => {
    for await (const [id, row] of rows(client, compared)) {
      const document = documents.get(id);
      documents.delete(id);
      if (document === undefined) tell(`${id} is missing`);
      else if (document !== digest(row)) tell(`${id} is not ${row.slice(0, 200)}`);
    }
  });
  for (const id of documents.keys()) tell(`${id} has no row`);
  return told;
}

async function* rows(client: pg.Client, { table, key, columns }: ComparedTable): AsyncGenerator<[string, string]> {
  const id = key.map((column) => `${column}::text`).join(` || '|' || `);
  // Text of every value: nothing is rounded on the way.
  const values = Object.values(columns)
    .map((value) => `(${value})::text`)
    .join(', ');
  await client.query(
    `begin; declare rows cursor for select ${id} as id, array_to_json(array[${values}]) as row from ${table}`,
  );
  for (;;) {
    const page = rowsOf(await client.query(`fetch ${PAGE} from rows`));
    if (page.length === 0) break;
    for (const each of page) yield [each['id'] ?? '', each['row'] ?? ''];
  }
  await client.query('commit');
}

/** The digest of every document's values by id; found by the names of the columns, through the alias, as a user would. */
async function documentsOf({ cluster, alias, columns }: ComparedTable): Promise<Map<string, string>> {
  await ask(`${cluster}/${alias}/_refresh`, undefined);
  const names = Object.keys(columns);
  const found = new Map<string, string>();
  let page = await ask(`${cluster}/${alias}/_search?scroll=5m`, { size: PAGE, _source: false, fields: names });
  while (page.hits.hits.length > 0) {
    for (const { _id: id, fields = {} } of page.hits.hits) {
      if (found.has(id)) throw new Error(`two documents with the id ${id}`);
      found.set(id, digest(JSON.stringify(names.map((name) => textOf(fields[name])))));
    }
    page = await ask(`${cluster}/_search/scroll`, { scroll: '5m', scroll_id: page._scroll_id });
  }
  return found;
}

interface Page {
  readonly _scroll_id: string;
  readonly hits: { readonly hits: readonly { readonly _id: string; readonly fields?: Record<string, unknown[]> }[] };
}

async function ask(url: string, body: object | undefined): Promise<Page> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Page;
}

function textOf(values: readonly unknown[] | undefined): string | null {
  const [value] = values ?? [];
  return value === undefined || value === null ? null : String(value);
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64').slice(0, 16);
}
