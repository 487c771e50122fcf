import { expect, it } from 'vitest';
import { judgeTarget, type SourceNeeds, type TargetFacts } from './check-target.ts';

const FACTS: TargetFacts = {
  version: 180000,
  encoding: 'UTF8',
  address: '2/shop',
  role: 'postgres',
  superuser: true,
  mayCreate: true,
  mayBeReplica: true,
  roles: new Set(['postgres', 'shop']),
};
const NEEDS: SourceNeeds = {
  version: 180000,
  encoding: 'UTF8',
  address: '1/shop',
  roles: ['postgres', 'shop', 'reports'],
  newer: [],
};
const policy = (roles: 'stop' | 'create' | 'map' | 'skip-ownership', role_map: Record<string, string> = {}) =>
  ({ roles, role_map, concurrently: 'plain', backfill_limit: 1 }) as const;
const judged = (facts: Partial<TargetFacts>, needs: Partial<SourceNeeds> = {}, ddl = policy('stop')) =>
  judgeTarget('t', { ...FACTS, ...facts }, ddl, { ...NEEDS, ...needs })
    .filter(({ level }) => level !== 'ok')
    .map(({ level, what }) => `${level} ${what}`);

it('lists the roles that the target lacks, by policy', () => {
  expect(judged({})).toEqual(['warning target t: role reports is missing']);
  expect(judged({}, {}, policy('create'))).toEqual([]);
  expect(judged({}, {}, policy('skip-ownership'))).toEqual([]);
  expect(judged({}, {}, policy('map', { reports: 'shop' }))).toEqual([]);
  expect(judged({}, {}, policy('map', { reports: 'gone' }))).toEqual([
    'warning target t: role gone is missing (for reports of the source)',
  ]);
});

it('refuses the source itself and another encoding, warns of an older server and of few rights', () => {
  const roles = { roles: [] };
  expect(judged({ address: '1/shop' }, roles)).toEqual(['error target t: it is the source itself']);
  expect(judged({ encoding: 'LATIN1' }, roles)).toEqual(["error target t: its encoding is LATIN1, the source's UTF8"]);
  expect(judged({ version: 140000 }, roles)).toEqual(["warning target t: PostgreSQL 14 is older than the source's 18"]);
  expect(judged({ superuser: false, mayCreate: false, mayBeReplica: false }, roles)).toEqual([
    'warning target t: postgres is no superuser',
    'error target t: postgres may not create a schema',
    'warning target t: postgres may not set session_replication_role',
  ]);
});

it('names what the source uses today and an older target lacks, unless the preflight of a copy does', () => {
  const needs: SourceNeeds = {
    ...NEEDS,
    roles: [],
    newer: [
      { since: 15, what: 'UNIQUE NULLS NOT DISTINCT', objects: ['a.b'] },
      { since: 18, what: 'virtual generated columns', objects: ['c.d', 'e.f'] },
    ],
  };
  const named = (version: number, use: 'followed' | 'copied') =>
    judgeTarget('t', { ...FACTS, version }, policy('stop'), needs, use).flatMap(({ what }) =>
      what.includes('brought') ? [what] : [],
    );
  const virtual = 'target t: the source uses what PostgreSQL 18 brought: virtual generated columns (c.d, e.f)';
  expect(named(140_000, 'followed')).toEqual([
    'target t: the source uses what PostgreSQL 15 brought: UNIQUE NULLS NOT DISTINCT (a.b)',
    virtual,
  ]);
  expect(named(170_004, 'followed')).toEqual([virtual]);
  expect(named(170_004, 'copied')).toEqual([]);
  expect(named(180_000, 'followed')).toEqual([]);
});
