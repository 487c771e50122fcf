import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compareDatabases } from '../support/compare.ts';
import { newestMajor } from '../support/majors.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { privateCluster, type PrivateCluster } from '../support/test-databases.ts';
import { SinkRig, type ScriptLine } from './support/sink-rig.ts';

const SCHEMA: ScriptLine[] = [
  ['pre-data', 'CREATE TABLE', 'CREATE TABLE public.t (id integer NOT NULL, v text)'],
  ['post-data', 'ALTER TABLE', 'ALTER TABLE ONLY public.t ADD CONSTRAINT t_pkey PRIMARY KEY (id)'],
];
const HALVES = [
  { lower: null, upper: '5000' },
  { lower: '5000', upper: null },
];

describe('a target that crashes while it takes rows', () => {
  let servers: PrivateCluster[];
  let source: TestDatabase;
  let target: TestDatabase;
  let rig: SinkRig;
  beforeEach(async () => {
    servers = await Promise.all(
      (['source', 'target'] as const).map((role) => privateCluster({ role, major: newestMajor() })),
    );
    const [from, to] = servers;
    if (from === undefined || to === undefined) throw new Error('no servers');
    [source, target] = [await from.database(), await to.database()];
    rig = new SinkRig(source, target);
  });
  afterEach(async () => {
    await rig.close();
    await Promise.all(servers.map((server) => server.dispose()));
  });

  it('has whole ranges or nothing of them, never rows without their record', async () => {
    await source.query(SCHEMA.map(([, , sql]) => sql).join(';'));
    await source.query("insert into t select i, repeat('x', 200) from generate_series(1, 10000) i");
    const script = await rig.script(SCHEMA, [['public', 't']]);
    const [table] = script.tables;
    if (table === undefined) throw new Error('no table');
    const first = await rig.open();
    await first.begin(script, await rig.cut(), 'fail');
    await first.restore('pre-data', () => undefined, new AbortController().signal);
    await first.enter('rows');
    const state = await first.startTable(table, { column: 'id', kind: 'integer' }, HALVES);
    if (state?.ranges[0] === undefined) throw new Error('no ranges');
    const writer = await first.openWriter();
    await rig.copy(writer, state, state.ranges[0], await rig.cut());
    await writer.begin(table.metadata, ['id', 'v'], 'text');
    await rig.send('copy (select * from t where id >= 5000) to stdout', writer);
    await servers[1]?.cluster.kill9();
    const range = { ...(state.ranges[1] ?? state.ranges[0]), cut: await rig.cut(), rows: 5001, bytes: 0 };
    await expect(writer.commit(table.oid, range)).rejects.toMatchObject({
      code: 'E_TARGET_CONNECTION',
      retryable: true,
    });
    await expect(first.enter('post-data')).rejects.toMatchObject({ code: 'E_TARGET_CONNECTION' });
    await servers[1]?.cluster.start();

    const second = await rig.open();
    const found = (await second.load())?.tables[0];
    if (found === undefined) throw new Error('the table is not known any more');
    // commits of rows wait for no disk: the last ones may be gone, with their records
    const there = found.ranges.filter(({ cut }) => cut !== null).reduce((sum, { rows }) => sum + rows, 0);
    expect(Number(await target.value('select count(*) from t'))).toBe(there);
    const again = await second.openWriter();
    const begun = found.ranges.length > 0 ? found : await second.startTable(table, state.key, HALVES);
    for (const each of begun?.ranges ?? [])
      if (each.cut === null && begun !== null) await rig.copy(again, begun, each, await rig.cut());
    await second.markTable(table.oid, 'copied');
    await second.enter('post-data');
    await second.restore('post-data', () => undefined, new AbortController().signal);
    expect((await compareDatabases(source, target)).rows).toEqual([]);
  });
});
