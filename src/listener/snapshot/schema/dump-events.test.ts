import { describe, expect, it } from 'vitest';
import { WalcastError } from '../../../errors/walcast-error.ts';
import { type SqlPiece, StatementSplitter } from '../../../sql/split-statements.ts';
import type { DdlCommandEvent } from '../../../wal/ddl-event.ts';
import { NO_AUTHOR } from '../../../wal/snapshot.ts';
import type { TableMetadata } from '../../../wal/table-metadata.ts';
import { DumpEvents } from './dump-events.ts';

const HEAD = `--
-- PostgreSQL database dump
--

\\restrict pgLpwcT6AOXW

SET statement_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
SET default_tablespace = '';
SET default_table_access_method = heap;
`;

const table: TableMetadata = {
  oid: 7,
  schema: 'a.b',
  name: 'c',
  kind: 'r',
  persistence: 'p',
  owner: 'x',
  identity: 'd',
};

async function events(script: string): Promise<DdlCommandEvent[]> {
  const reader = new DumpEvents({
    serverVersion: 150_004,
    at: '0/99',
    relations: [table],
    extensions: new Map([['uuid-ossp', '1.1']]),
  });
  const splitter = new StatementSplitter();
  const pieces: SqlPiece[] = [...splitter.push(script), ...splitter.end()];
  const found: DdlCommandEvent[] = [];
  for await (const { statement } of reader.read('pre-data', pieces)) found.push(statement.event);
  return found;
}

const refused = (script: string): Promise<unknown> =>
  events(script).then(
    () => null,
    (error: unknown) => error,
  );

describe('events of a dump', () => {
  it('carry their own statement, the session that the script prepared, and nothing of what stands between', async () => {
    const found = await events(`${HEAD}
-- Name: c; Type: TABLE; Schema: a.b; Owner: x

CREATE TABLE "a.b".c (x int);
SET default_tablespace = fast;
SET default_table_access_method = "Odd";
CREATE MATERIALIZED VIEW s.m AS SELECT ';' AS x WITH NO DATA;
SET default_tablespace = '';
GRANT SELECT ON TABLE "a.b".c TO bob;
SET SESSION AUTHORIZATION bob;
GRANT SELECT ON TABLE "a.b".c TO carol;
RESET SESSION AUTHORIZATION;
GRANT SELECT ON TABLE "a.b".c TO PUBLIC;
\\unrestrict pgLpwcT6AOXW
`);
    expect(found.map(({ tag, text, caller }) => [tag, text, caller.role, caller.settings])).toEqual([
      ['CREATE TABLE', 'CREATE TABLE "a.b".c (x int)', NO_AUTHOR, {}],
      [
        'CREATE MATERIALIZED VIEW',
        "CREATE MATERIALIZED VIEW s.m AS SELECT ';' AS x WITH NO DATA",
        NO_AUTHOR,
        { default_tablespace: 'fast', default_table_access_method: 'Odd' },
      ],
      ['GRANT', 'GRANT SELECT ON TABLE "a.b".c TO bob', NO_AUTHOR, { default_table_access_method: 'Odd' }],
      ['GRANT', 'GRANT SELECT ON TABLE "a.b".c TO carol', 'bob', { default_table_access_method: 'Odd' }],
      ['GRANT', 'GRANT SELECT ON TABLE "a.b".c TO PUBLIC', NO_AUTHOR, { default_table_access_method: 'Odd' }],
    ]);
    expect(new Set(found.map(({ text_id: id }) => id)).size).toBe(found.length);
    expect(found[0]).toMatchObject({ kind: 'ddl', phase: 'end', server_version_num: 150_004, at: '0/99', iso: false });
    expect(found.map(({ caller }) => caller.search_path)).toEqual(found.map(() => ''));
    expect(found.map(({ details }) => details?.relations)).toEqual([[table], [], [], [], []]);
  });

  it('name the version that an extension has on the source', async () => {
    const [event] = await events('CREATE EXTENSION IF NOT EXISTS "uuid-ossp" WITH SCHEMA public;');
    expect(event?.details?.commands).toEqual([
      { tag: 'CREATE EXTENSION', type: 'extension', identity: '"uuid-ossp"', version: '1.1' },
    ]);
  });

  it('leave out the event triggers of walcast with all that belongs to them, and no other', async () => {
    const found = await events(`
      CREATE EVENT TRIGGER "!walcast_2_drop" ON sql_drop EXECUTE FUNCTION walcast.emit();
      ALTER EVENT TRIGGER "!walcast_2_drop" OWNER TO postgres; ALTER EVENT TRIGGER "!walcast_2_drop" ENABLE ALWAYS;
      COMMENT ON EVENT TRIGGER "!walcast_2_drop" IS 'x';
      CREATE EVENT TRIGGER walcast_like ON sql_drop EXECUTE FUNCTION other.walcast();
      ALTER EVENT TRIGGER walcast_like OWNER TO postgres; ALTER EVENT TRIGGER walcast_like DISABLE;
      COMMENT ON EVENT TRIGGER walcast_like IS 'x';`);
    expect(found.map(({ tag }) => tag)).toEqual([
      'CREATE EVENT TRIGGER',
      'ALTER EVENT TRIGGER',
      'ALTER EVENT TRIGGER',
      'COMMENT',
    ]);
  });

  it('are one a statement also where a text is too large to be parsed with others', async () => {
    const body = `/* ${'é'.repeat(50_000)} */`;
    const texts = Array.from(
      { length: 7 },
      (_, n) => `CREATE FUNCTION s.f${n}() RETURNS int LANGUAGE sql AS $_$ ${n % 2 === 0 ? body : ''} $_$`,
    );
    expect((await events(`${texts.join(';\n')};`)).map(({ text }) => text)).toEqual(texts);
  });
});

describe('what is not known in a dump', () => {
  it.each([
    ['a command that makes nothing', 'CREATE TABLE a (b int); DELETE FROM x; CREATE TABLE c ()', 'DELETE FROM x'],
    ['what belongs to its server', 'CREATE PUBLICATION p FOR ALL TABLES', 'CREATE PUBLICATION'],
    ['a setting', 'SET bytea_output = escape', 'bytea_output is not known'],
    ['another encoding', "SET client_encoding = 'LATIN1'", 'client_encoding is LATIN1'],
    ['a setting that is taken back', 'RESET default_tablespace', 'it takes back default_tablespace'],
    ['another function than set_config', "SELECT pg_catalog.setval('s', 1, true)", 'pg_catalog.setval'],
    ['a line for psql', 'CREATE TABLE a ();\n\\connect other\nCREATE TABLE b ()', '\\connect other'],
    ['no SQL', 'CREATE TABLE a (); CREATE NONSENSE x', 'CREATE NONSENSE x'],
  ])('is an error that names it: %s', async (_, script, named) => {
    const error = await refused(script);
    expect(error).toBeInstanceOf(WalcastError);
    expect(error).toMatchObject({ code: 'E_SCHEMA_STATEMENT' });
    expect(String(error)).toContain(named);
  });

  it.each([
    "CREATE USER MAPPING FOR bob SERVER far OPTIONS (password 'hunter2', user 'x') NONSENSE",
    "CREATE SERVER far FOREIGN DATA WRAPPER w OPTIONS (token 'hunter2') hunter2",
    "CREATE FOREIGN DATA WRAPPER w OPTIONS (secret 'hunter2') hunter2",
  ])('does not show the options of a foreign server: %s', async (text) => {
    const error = await refused(text);
    expect(error).toMatchObject({ code: 'E_SCHEMA_STATEMENT' });
    const { message, cause } = error as Error;
    expect(`${message} ${String(cause)}`).not.toContain('hunter2');
    expect(message).toContain('OPTIONS (…)');
  });
});
