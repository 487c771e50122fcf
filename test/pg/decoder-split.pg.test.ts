import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newestMajor } from '../support/majors.ts';
import { seededRandom } from '../support/random.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { testDatabases, type DatabasePair } from '../support/test-databases.ts';
import { prepareStream, StreamProbe } from '../support/wire-stream.ts';

const SEED = 7_041_776;

describe(`a stream in pieces from PostgreSQL ${newestMajor()}`, () => {
  let pair: DatabasePair;
  let slot: string;
  let proxy: TcpProxy;
  let probe: StreamProbe;

  beforeEach(async () => {
    pair = await testDatabases();
    await pair.source.query('create table t (id int primary key, a text, b text, c bytea)');
    slot = await prepareStream(pair.source);
  });

  afterEach(async () => {
    await probe.connection.close();
    await proxy.close();
    await pair.dispose();
  });

  const open = async (pieces: () => number): Promise<void> => {
    proxy = await TcpProxy.before(pair.source.url(), { pieces });
    probe = await StreamProbe.open({ url: proxy.url(pair.source.url()), slot });
  };
  const fill = async (rows: number, width: number): Promise<void> => {
    await pair.source.query(
      `insert into t select g, case g % 4 when 0 then null when 1 then '' else repeat('ä€𝄞x', g % ${width}) end,
         case when g % 3 = 0 then g::text end, decode(repeat('00ff', g % ${width}), 'hex') from generate_series(1, ${rows}) g`,
    );
    for (let i = 0; i < 20; i++)
      await pair.source.query("select pg_logical_emit_message(true, 'test', $1)", [
        `${i}:${'m'.repeat((i * width) / 4)}`,
      ]);
  };
  const compare = async (): Promise<void> => {
    await probe.received(21, 45_000);
    const stored = await pair.source.query('select id, a, b, c from t order by id');
    expect(probe.rows).toEqual(stored.map(({ id, a, b, c }) => [id, a, b, c]));
    expect(probe.contents.map((content) => Number(content.split(':')[0]))).toEqual(
      Array.from({ length: 20 }, (_, i) => i),
    );
    expect(probe.contents.every((content) => /^\d+:m*$/.test(content))).toBe(true);
  };

  it('byte by byte brings the same rows and messages', async () => {
    await open(() => 1);
    await fill(150, 40);
    await compare();
  });

  it.each([SEED, SEED + 1, SEED + 2])('of random sizes, seed %i, brings the same rows and messages', async (seed) => {
    const random = seededRandom(seed);
    await open(() => random.pick([1, 2, 3, 5, 24, 25, 26, 100, 1000, 5000, 66_000]));
    await fill(1500, 700);
    await compare();
  });

  it('of any size brings one value that is larger than every buffer', async () => {
    const random = seededRandom(SEED);
    await open(() => random.int(1, 200_000));
    await pair.source.query("insert into t values (1, repeat('ab', 5000000), 'end')");
    await probe.received(1, 45_000);
    expect(probe.rows[0]?.[1] === 'ab'.repeat(5_000_000)).toBe(true);
    expect(probe.rows[0]?.[2]).toBe('end');
  });
});
