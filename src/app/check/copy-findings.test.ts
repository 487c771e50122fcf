import { describe, expect, it } from 'vitest';
import { copySourceFindings, copyTargetFindings } from './copy-findings.ts';
import type { CopySourceFacts } from './copy-source.ts';
import type { CopyTargetFacts } from './copy-target.ts';
import type { Finding } from './finding.ts';

const LOCALE = { encoding: 'UTF8', provider: 'c', collate: 'en_US.utf8', ctype: 'en_US.utf8', locale: '' };
const SOURCE: CopySourceFacts = {
  version: 180000,
  role: 'reader',
  recovery: false,
  locale: LOCALE,
  bytes: 5 * 1024 ** 3,
  keepBytes: null,
  freeConnections: 90,
  cancelsReads: false,
  unreadable: [],
  hidden: [],
  unlogged: [],
  largeObjects: 0,
  extensions: [],
  tablespaces: [],
  collations: [],
  textRanges: [],
  newer: [],
};
const TARGET: CopyTargetFacts = {
  version: 180000,
  role: 'writer',
  recovery: false,
  locale: LOCALE,
  freeConnections: 90,
  mayReplace: true,
  begun: false,
  holds: null,
  extensions: new Set(['citext']),
  tablespaces: new Set(['pg_default']),
  collations: new Set(['de_DE']),
};
const SETTINGS = {
  mode: 'initial',
  on_existing: 'fail',
  workers: 4,
  schema_source: 'auto',
  range_size: 1,
  lock_timeout: 1,
  statement_timeout: 0,
  max_retained_wal: 0,
} as const;

const shown = (findings: readonly Finding[]): string[] =>
  findings.filter(({ level }) => level !== 'ok').map(({ level, what }) => `${level} ${what}`);
const ofSource = (facts: Partial<CopySourceFacts>, streamed = true): string[] =>
  shown(copySourceFindings({ ...SOURCE, ...facts }, SETTINGS, { streamed }));
const ofTarget = (
  facts: Partial<CopyTargetFacts>,
  source: Partial<CopySourceFacts> = {},
  settings: Partial<Record<'on_existing', 'fail' | 'append' | 'replace'>> = {},
): string[] =>
  shown(copyTargetFindings('t', { ...TARGET, ...facts }, { ...SOURCE, ...source }, { ...SETTINGS, ...settings }));

describe('the preflight of a copy', () => {
  it('finds nothing wrong with a plain source and an empty target', () => {
    expect(ofSource({})).toEqual([]);
    expect(ofTarget({})).toEqual([]);
  });

  it('names tables that cannot be read, or not wholly', () => {
    expect(ofSource({ unreadable: ['a.b'], hidden: ['a.c', 'a.d'] })).toEqual([
      'error reader may not read a.b',
      'error row security would hide rows of a.c, a.d from reader',
    ]);
    const many = Array.from({ length: 1_234 }, (_, i) => `t${i}`);
    expect(ofSource({ unreadable: many })[0]).toMatch(/t0, t1, .*, t7 and 1,226 more$/);
  });

  it('warns of a slot that may not outlive the copy, of a stream only', () => {
    const facts = { keepBytes: 1024 ** 3 };
    expect(ofSource(facts)).toEqual([
      'warning during the initial copy of about 5.0 GB the slot keeps all WAL, and max_slot_wal_keep_size is 1.0 GB',
    ]);
    expect(ofSource(facts, false)).toEqual([]);
    expect(ofSource({ keepBytes: 6 * 1024 ** 3 })).toEqual([]);
  });

  it('warns of what is not copied, of a standby that cancels, and of few connections', () => {
    expect(ofSource({ unlogged: ['s.u'], largeObjects: 1_000 })).toEqual([
      'warning 1,000 large objects are not copied',
      'warning rows of unlogged tables are not copied (they are in no stream): s.u',
    ]);
    expect(ofSource({ unlogged: ['s.u'] }, false)).toEqual([]);
    expect(ofSource({ unlogged: ['s.u'], recovery: true, cancelsReads: true }, false)).toEqual([
      'warning rows of unlogged tables are not copied (a standby has no rows of them): s.u',
      'warning this standby cancels reads that its recovery waits for (hot_standby_feedback is off)',
    ]);
    expect(ofSource({ freeConnections: 6 })).toEqual([
      'warning the source has 6 free connections for this role, 7 are needed',
    ]);
  });

  it('refuses a target that holds something, as it is told to', () => {
    const facts = { holds: 'table public.orders, function public.f()' };
    expect(ofTarget(facts)).toEqual(['error target t: it is not empty: table public.orders, function public.f()']);
    expect(ofTarget(facts, {}, { on_existing: 'append' })).toEqual([
      expect.stringMatching(/^warning .*append: they stay/),
    ]);
    expect(ofTarget(facts, {}, { on_existing: 'replace' })).toEqual([
      expect.stringMatching(/^warning .*replace: all of it goes/),
    ]);
    expect(ofTarget({ ...facts, mayReplace: false }, {}, { on_existing: 'replace' })).toEqual([
      'error target t: writer may not replace the database',
    ]);
    expect(ofTarget({ ...facts, begun: true })).toEqual([]);
  });

  it('refuses an encoding that cannot hold the rows, and takes one that can', () => {
    const encoded = (encoding: string) => ({ locale: { ...LOCALE, encoding } });
    expect(ofTarget(encoded('LATIN1'))).toEqual([
      "error target t: its encoding LATIN1 cannot hold all that the source's UTF8 can",
    ]);
    expect(ofTarget({}, encoded('LATIN1'))).toEqual([]);
    expect(ofTarget({}, encoded('SQL_ASCII'))).toEqual([
      expect.stringMatching(/^error .*UTF8 cannot hold .* SQL_ASCII/),
    ]);
  });

  it('warns of another order of text, and names the partitions that depend on it', () => {
    const other = { locale: { ...LOCALE, collate: 'C', ctype: 'C' } };
    expect(ofTarget(other)).toEqual(['warning target t: text is ordered by libc C, on the source by libc en_US.UTF-8']);
    expect(ofTarget(other, { textRanges: ['public.names'] })).toEqual([
      expect.stringMatching(/rows of public\.names, partitioned by ranges of text, may not fit/),
    ]);
    const icu = { locale: { ...LOCALE, provider: 'i', locale: 'en-US' } };
    expect(ofTarget(icu, icu)).toEqual([]);
    expect(ofTarget(icu)).toEqual([expect.stringMatching(/ordered by ICU en-US, on the source by libc/)]);
    expect(ofTarget({ locale: { ...LOCALE, collate: 'en_US.UTF-8', ctype: 'en_US.UTF-8' } })).toEqual([]);
  });

  it('refuses a target that lacks extensions, tablespaces or collations, or is a standby', () => {
    const source = {
      extensions: [
        { name: 'citext', version: '1' },
        { name: 'postgis', version: '3' },
      ],
      tablespaces: ['fast'],
      collations: ['de_DE', 'fr_FR'],
    };
    expect(ofTarget({ recovery: true }, source)).toEqual([
      'error target t: it is a standby',
      'error target t: it lacks extensions: postgis',
      'error target t: it lacks tablespaces: fast',
      'error target t: it lacks collations of the operating system: fr_FR',
    ]);
  });

  it('names what an older target does not know', () => {
    const newer = [
      { since: 15, what: 'UNIQUE NULLS NOT DISTINCT', objects: ['s.i'] },
      { since: 18, what: 'virtual generated columns', objects: ['s.t'] },
    ];
    expect(ofTarget({ version: 150000 }, { newer })).toEqual([
      'warning target t: virtual generated columns need PostgreSQL 18: s.t',
    ]);
    expect(ofTarget({}, { newer })).toEqual([]);
  });
});
