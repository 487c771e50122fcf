import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SqlResult, SqlSession } from '../../postgres/sql-session.ts';
import { lsn, type Lsn } from '../../wal/lsn.ts';
import { Durability } from './durability.ts';

describe('durability', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const answer = (inserted: string, flushed: string): SqlResult => ({ rows: [{ inserted, flushed }], rowCount: 1 });
  const setUp = (asynchronous: boolean) => {
    const questions: ((result: SqlResult) => void)[] = [];
    const session: SqlSession = {
      query: () => new Promise((resolve) => questions.push(resolve)),
      execute: () => Promise.resolve(),
    };
    const durable: Lsn[] = [];
    const durability = new Durability(session, asynchronous, (position) => durable.push(position));
    return { questions, durable, durability };
  };
  const next = async (questions: ((result: SqlResult) => void)[], result: SqlResult): Promise<void> => {
    await vi.advanceTimersByTimeAsync(100);
    questions.shift()?.(result);
    await vi.advanceTimersByTimeAsync(0);
  };

  it('takes the answer of a synchronous COMMIT for durable', () => {
    const { durable, durability } = setUp(false);
    durability.committed(lsn(5n));
    expect(durable).toEqual([5n]);
  });

  it('waits until the flush has passed where the WAL ended after the COMMIT', async () => {
    const { questions, durable, durability } = setUp(true);
    durability.committed(lsn(5n));
    await next(questions, answer('0/100', '0/50'));
    await next(questions, answer('0/200', '0/FF'));
    expect(durable).toEqual([]);
    await next(questions, answer('0/300', '0/100'));
    expect(durable).toEqual([5n]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(questions).toEqual([]);
  });

  it('counts nothing that was committed after it asked', async () => {
    const { questions, durable, durability } = setUp(true);
    durability.committed(lsn(5n));
    await vi.advanceTimersByTimeAsync(100);
    durability.committed(lsn(9n));
    await next(questions, answer('0/100', '0/50'));
    await next(questions, answer('0/200', '0/100'));
    expect(durable).toEqual([5n]);
    await next(questions, answer('0/200', '0/200'));
    expect(durable).toEqual([5n, 9n]);
  });
});
