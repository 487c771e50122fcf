import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compareWith, fingerprint } from '../../bench/measure/compare.ts';
import { type DatabasePair, testDatabases } from '../support/test-databases.ts';

describe('the comparison of the bench', () => {
  let pair: DatabasePair;

  beforeEach(async () => {
    pair = await testDatabases();
    for (const database of [pair.source, pair.target]) {
      await database.query('create table "Odd name" (id int primary key, v numeric)');
      await database.query('insert into "Odd name" select g, g / 3.0 from generate_series(1, 1000) g');
    }
  });

  afterEach(() => pair.dispose());

  const compared = async (): Promise<string[]> =>
    await compareWith(await fingerprint(await pair.source.client()), await pair.target.client());

  it('finds equal tables equal, whatever the order of their rows', async () => {
    await pair.target.query('update "Odd name" set v = v where id = 1');
    expect(await compared()).toEqual([]);
  });

  it.each([
    ['one value', 'update "Odd name" set v = v + 1e-15 where id = 500'],
    ['a missing row', 'delete from "Odd name" where id = 500'],
    ['values exchanged between two rows', 'update "Odd name" set v = (11 - id) / 3.0 where id between 5 and 6'],
    ['a column', 'alter table "Odd name" add column extra int'],
  ])('sees %s', async (_, change) => {
    await pair.target.query(change);
    expect(await compared()).toEqual([expect.stringContaining('Odd name')]);
  });
});
