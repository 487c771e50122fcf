import pg from 'pg';

export type TextRow = Record<string, string | null>;

/** Values come as the server wrote them: no Date, no number, no JSON in between. */
export function textClient(url: string): pg.Client {
  const client = new pg.Client({
    connectionString: url,
    types: { getTypeParser: () => (value: string | Buffer) => value },
    connectionTimeoutMillis: 15_000,
  } as pg.ClientConfig);
  // A server that is killed on purpose must not end the test run; the next query says that the connection is gone.
  client.on('error', () => undefined);
  return client;
}

export async function withClient<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = textClient(url);
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

/** The rows of the last statement. */
export function rowsOf(result: unknown): TextRow[] {
  const last = Array.isArray(result) ? (result.at(-1) as unknown) : result;
  return (last as { rows: TextRow[] }).rows;
}

/** The same server, another database or user. A password, if any, is the same for all roles of the tests. */
export function urlFor(url: string, database: string, user?: string): string {
  const parsed = new URL(url);
  parsed.pathname = `/${encodeURIComponent(database)}`;
  if (user !== undefined) parsed.username = encodeURIComponent(user);
  return parsed.href;
}
