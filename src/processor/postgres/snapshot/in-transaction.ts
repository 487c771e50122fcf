import type { SqlSession } from '../../../postgres/sql-session.ts';

export async function inTransaction<T>(session: SqlSession, work: () => Promise<T>): Promise<T> {
  await session.execute('begin');
  try {
    const result = await work();
    await session.execute('commit');
    return result;
  } catch (error) {
    await session.execute('rollback').catch(() => undefined); // the first error counts
    throw error;
  }
}
