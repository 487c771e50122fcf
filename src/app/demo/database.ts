import pg from 'pg';

const TEXT_ONLY = { getTypeParser: () => (value: string) => value };

/** A connection of the demo: values as text, later errors kept for the next query. */
export async function connect(url: string, applicationName: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    application_name: applicationName,
    connectionTimeoutMillis: 5_000,
    types: TEXT_ONLY as unknown as pg.CustomTypesConfig, // pg's type asks for binary parsers too, which are never called
  });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

export async function withConnection<T>(
  url: string,
  name: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = await connect(url, name);
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

export type TextRow = Readonly<Record<string, string | null>>;

export async function rows(client: pg.Client, sql: string, values: readonly string[] = []): Promise<TextRow[]> {
  return (await client.query<TextRow>(sql, [...values])).rows;
}

/** SQLSTATE of a server's answer; undefined for a lost connection and everything else. */
export function sqlstateOf(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined;
}
