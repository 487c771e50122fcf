import { expect, test } from 'vitest';
import { parseStatements } from '../../../ddl/statements.ts';
import type { SqlSession } from '../../../postgres/sql-session.ts';
import type { DdlCommandEvent, DdlDetails } from '../../../wal/ddl-event.ts';
import { foldedMoments } from './folded-moments.ts';

const asksNothing: SqlSession = {
  query: () => Promise.resolve({ rows: [], rowCount: 0 }),
  execute: () => Promise.reject(new Error('nothing is to be run')),
};

async function fold(sql: string, details?: DdlDetails) {
  const [statement] = await parseStatements(sql);
  if (statement === undefined) throw new Error('no statement');
  const event: DdlCommandEvent = {
    kind: details === undefined ? 'degraded' : 'ddl',
    v: 1,
    iso: false,
    server_version_num: 180_000,
    at: '0/1',
    phase: 'end',
    tag: statement.tag,
    caller: { role: 'app', search_path: 'public', settings: {} },
    text_id: '1',
    ...(details === undefined ? {} : { details }),
  };
  return await foldedMoments(statement, event, asksNothing);
}

const policy = { class: 'pg_policy', tag: 'CREATE POLICY', type: 'policy', identity: 'p on public.t' };

test('a policy gets the expression that the source tells', async () => {
  const definition = `ALTER POLICY p ON public.t USING ((at > '2020-01-01 00:00:00'::timestamp without time zone))`;
  const folded = await fold(`create policy p on t using (at > 'now')`, { commands: [{ ...policy, definition }] });
  expect(folded).toEqual({ instead: null, after: [definition] });
});

test.each([
  ['says nothing of its objects', `create policy p on t using (at > 'now')`, undefined],
  ['leaves the expression out', `create policy p on t using (at > 'now')`, { commands: [policy] }],
  ['leaves the expression of statistics out', `create statistics s on (at > 'today') from t`, { commands: [] }],
])('a moment stops where the source %s', async (_, sql, details) => {
  await expect(fold(sql, details)).rejects.toMatchObject({ code: 'E_DDL_UNSUPPORTED' });
});

test('nothing is needed where no moment is named, nor for a setting', async () => {
  expect(await fold('create policy p on t using (at > now())')).toEqual({ instead: null, after: [] });
  expect(await fold(`alter function f set application_name = 'now'`)).toEqual({ instead: null, after: [] });
});
