import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { quoteIdentifier } from '../../src/sql/quote.ts';
import { expectEqual } from '../support/compare.ts';
import { testMajors } from '../support/majors.ts';
import { prepareSource, TestPipeline } from '../support/pipeline.ts';
import { testDatabases, type DatabasePair } from '../support/test-databases.ts';
import { waitFor } from '../support/wait-for.ts';

describe.each(testMajors())('a target role without superuser on PostgreSQL %i', (major) => {
  let pair: DatabasePair;
  let slot: string;
  let role: string;
  let pipeline: TestPipeline | null = null;

  beforeEach(async () => {
    pair = await testDatabases({ major });
    slot = `walcast_${pair.source.name}`;
    role = `apply_${pair.target.name}`;
    await prepareSource(pair.source, slot);
    await pair.target.query(`create role ${role} login`);
    await pair.target.query(
      `grant create on database ${quoteIdentifier(pair.target.name)} to ${role}; grant all on schema public to ${role}`,
    );
  });

  afterEach(async () => {
    await pipeline?.stop();
    pipeline = null;
    const { server } = pair.target;
    await pair.dispose();
    const { withClient } = await import('../support/text-client.ts');
    await withClient(server.url, (client) =>
      client.query(
        major >= 15
          ? `revoke all on parameter session_replication_role from ${role}; drop role ${role}`
          : `drop role ${role}`,
      ),
    );
  });

  /** The same tables on both sides, owned by the role on the target, before the slot's changes are read: DDL is left to others. */
  const start = (): TestPipeline => {
    pipeline = new TestPipeline({
      source: pair.source,
      targets: [{ name: 'replica', url: pair.target.url(role), applyDdl: false }],
      slot,
    });
    return pipeline;
  };
  const onBoth = async (sql: string): Promise<void> => {
    await pair.source.query(sql);
    const owner = await pair.target.client(role);
    await owner.query(sql);
    await owner.end();
  };
  const rows = async (table: string): Promise<[unknown, unknown]> => [
    await pair.source.query(`select * from ${table} order by 1`),
    await pair.target.query(`select * from ${table} order by 1`),
  ];
  const expectSame = async (table: string): Promise<void> => {
    const [left, right] = await rows(table);
    expect(right, table).toEqual(left);
  };
  const refusal = async (): Promise<{ code: string; message: string }> => {
    const error = await waitFor(
      () => pipeline?.supervisor.targets[0]?.state === 'stopped' && pipeline.supervisor.targets[0].error,
      {
        what: 'the target to stop',
      },
    );
    return { code: error.code, message: error.message };
  };

  it.runIf(major >= 15)('applies like a superuser when it may set session_replication_role', async () => {
    await pair.target.query(`grant set on parameter session_replication_role to ${role}`);
    await onBoth(
      `create table t (id int primary key, v int); create table child (id int primary key references t on delete cascade on update cascade)`,
    );
    await onBoth(`create function bump() returns trigger language plpgsql as $$ begin new.v = new.v + 1; return new; end $$;
      create trigger bump before insert or update on t for each row execute function bump()`);
    start();
    await pair.source.query('insert into t values (1, 1), (2, 2); insert into child values (1), (2)');
    await pair.source.query('update t set id = id + 10, v = 5 where id = 1');
    await pair.source.query('delete from t where id = 2');
    await pipeline?.caughtUp();
    await expectSame('t');
    await expectSame('child');
  });

  it('applies tables whose foreign keys only check, deferred where the source deferred them', async () => {
    await onBoth(`create table parent (id int primary key);
      create table child (id int primary key, p int references parent deferrable initially immediate);
      create table other (id int primary key deferrable, v text); alter table other replica identity full;
      create table wide (id int generated always as identity primary key, twice int generated always as (1) stored, v text)`);
    start();
    await pair.source.query(
      'begin; set constraints all deferred; insert into child values (1, 7); insert into parent values (7); commit',
    );
    await pair.source.query(`insert into other select g, 'v' from generate_series(1, 20) g`);
    await pair.source.query('update other set id = id + 1');
    await pair.source.query('begin; update other set id = id + 1; truncate other; commit');
    await pair.source.query(`insert into other values (5, 'after')`);
    await pair.source.query(`insert into wide (v) values ('a'), ('b')`);
    await pair.source.query(
      `begin; set constraints all deferred; delete from parent; update child set p = null; commit`,
    );
    await pipeline?.caughtUp();
    for (const table of ['parent', 'child', 'other', 'wide']) await expectSame(table);
  });

  it.each([
    [
      'a trigger',
      `create function f() returns trigger language plpgsql as $$ begin return new; end $$;
      create table t (id int primary key); create trigger acting before insert on t for each row execute function f()`,
      /trigger acting/,
    ],
    [
      'a trigger of its partitioned parent',
      `create function f() returns trigger language plpgsql as $$ begin return new; end $$;
      create table p (id int primary key) partition by list (id); create table t partition of p default;
      create trigger acting after insert on p for each row execute function f()`,
      /trigger acting/,
    ],
    [
      'a cascading foreign key',
      `create table t (id int primary key); create table c (id int references t on delete cascade)`,
      /foreign key c_id_fkey/,
    ],
    [
      'a rule',
      `create table t (id int primary key); create rule acting as on insert to t do also notify x`,
      /rule acting/,
    ],
  ])('refuses a table with %s', async (_, ddl, message) => {
    await onBoth(ddl);
    await onBoth('create table free (id int primary key)');
    start();
    await pair.source.query('insert into free values (1)');
    await pair.source.query('insert into t values (1)');
    const error = await refusal();
    expect(error.code).toBe('E_TARGET_ROLE');
    expect(error.message).toMatch(message);
    await expectSame('free');
    expect(await pair.target.value('select count(*) from t')).toBe('0');
  });

  it('names the transaction whose deferred check fails at COMMIT', async () => {
    await onBoth(`create table parent (id int primary key);
      create table child (p int references parent deferrable initially deferred); alter table child replica identity full`);
    start();
    await pair.source.query('insert into parent values (1), (2)');
    await pipeline?.caughtUp();
    await pair.target.query('delete from parent where id = 2');
    await pair.source.query('insert into child values (1)');
    await pair.source.query('insert into child values (2)');
    const error = await refusal();
    expect(error.code).toBe('E_TARGET_CONFLICT');
    expect(error.message).toMatch(/^transaction at [0-9A-F]+\/[0-9A-F]+, target replica: .*foreign key/);
    expect(await pair.target.query('select * from child')).toEqual([{ p: '1' }]);
    await expect(expectEqual(pair.source, pair.target)).rejects.toThrow(/child/);
  });
});
