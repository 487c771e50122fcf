import type pg from 'pg';
import { quoteIdentifier, quoteLiteral } from '../../src/sql/quote.ts';
import { urlFor, withClient } from './text-client.ts';

/** Every test database is a copy of it. */
export const TEMPLATE = 'walcast_template';
/** Ordinary users of the tests; `app` is a member of the other two. */
export const TEST_ROLES = ['alice', 'bob', 'app'] as const;
/** They have CREATE on databases through it: a DROP OWNED BY one of them takes rights on every database of the server, those of other tests too. */
export const CREATORS = 'walcast_creators';
/** How far the target's object ids are ahead, so that nothing agrees by accident. */
export const OID_SHIFT = 10_000;

// Large objects are the cheapest thing that takes an oid. Batches, since each one also takes a lock until its commit.
const BURN_OIDS = `do $$ begin
  for batch in 1..20 loop
    perform count(lo_unlink(lo_creat(-1))) from generate_series(1, ${OID_SHIFT / 20});
    commit;
  end loop;
end $$`;

export async function serverMajor(url: string): Promise<number> {
  return await withClient(url, async (client) => {
    const { rows } = await client.query<{ major: string }>(
      `select current_setting('server_version_num')::int / 10000 as major`,
    );
    return Number(rows[0]?.major);
  });
}

/** Roles, the template database, and the target's oids. Safe to run again on a server that is prepared already. */
export async function prepareServer(server: {
  readonly url: string;
  readonly role: 'source' | 'target';
}): Promise<void> {
  await withClient(server.url, async (client) => {
    await createRoles(client, new URL(server.url).password);
    if (server.role === 'target') await client.query(BURN_OIDS);
    const finished = await client.query('select from pg_database where datname = $1 and datistemplate', [TEMPLATE]);
    if (finished.rowCount === 0) await createTemplate(client, server.url);
  });
}

async function createTemplate(admin: pg.Client, url: string): Promise<void> {
  await admin.query(`drop database if exists ${TEMPLATE}`);
  await admin.query(`create database ${TEMPLATE} template template0`);
  await withClient(urlFor(url, TEMPLATE), (client) =>
    client.query(`grant all on schema public to ${TEST_ROLES.join(', ')}`),
  );
  // Nobody may connect any more: a session there would keep it from being copied.
  await admin.query(`alter database ${TEMPLATE} is_template true allow_connections false`);
}

async function createRoles(client: pg.Client, password: string): Promise<void> {
  for (const role of TEST_ROLES) {
    const known = await client.query('select from pg_roles where rolname = $1', [role]);
    if (known.rowCount === 0) await client.query(`create role ${quoteIdentifier(role)} login`);
    if (password !== '') {
      const literal = quoteLiteral(decodeURIComponent(password));
      await client.query(`alter role ${quoteIdentifier(role)} password ${literal}`);
    }
  }
  await client.query('grant alice, bob to app');
  const known = await client.query('select from pg_roles where rolname = $1', [CREATORS]);
  if (known.rowCount === 0) await client.query(`create role ${CREATORS}`);
  await client.query(`grant ${CREATORS} to ${TEST_ROLES.join(', ')}`);
}
