import { describe, expect, it } from 'vitest';
import type { SourceFacts } from './source-facts.ts';
import { identityFindings, installationFindings, serverFindings } from './source-findings.ts';

const server = {
  version: '150018',
  version_text: '15.18',
  recovery: 'false',
  wal_level: 'logical',
  encoding: 'UTF8',
  role: 'postgres',
  superuser: 'true',
  replication: 'true',
  may_create: 'true',
  free_slots: '5',
  free_senders: '5',
  keep_size: '-1',
  idle_timeout: '0',
  event_triggers: 'on',
  is_target: 'false',
  system: '7',
  started: 'then',
  address: '10.0.0.1:5432',
  pid: '1',
};

const fresh: SourceFacts = {
  server,
  secondServer: server,
  direct: true,
  schema: 'absent',
  schemaProblem: '',
  slot: undefined,
  publication: undefined,
  record: undefined,
  foreignSlots: [],
  foreignPublications: [],
  silentTriggers: [],
  replicaIdentity: undefined,
  gaps: [],
};
const names = { url: '', slot: 'walcast_main', publication: 'walcast_main' };
const slot = { here: true, plugin: 'pgoutput', active: false, walStatus: 'reserved' };
const record = { publication: 'walcast_main', complete: true };

describe('the preflight', () => {
  it('finds nothing wrong with a fresh source', () => {
    const all = [
      ...serverFindings(fresh),
      ...installationFindings(fresh, names),
      ...identityFindings(fresh, undefined),
    ];
    expect(all.filter(({ level }) => level !== 'ok')).toEqual([]);
  });

  it.each([
    [{ version: '130010', version_text: '13.10' }, /13\.10 is too old/],
    [{ recovery: 'true' }, /is a standby/],
    [{ wal_level: 'replica' }, /wal_level is replica/],
    [{ encoding: 'SQL_ASCII' }, /encoded in SQL_ASCII/],
    [{ superuser: 'false', replication: 'false' }, /may not replicate/],
    [{ superuser: 'false', may_create: 'false' }, /may not create a schema/],
    [{ free_slots: '0' }, /no free replication slots/],
    [{ free_senders: '-1' }, /no free WAL senders/],
    [{ event_triggers: 'off' }, /event triggers are switched off/],
    [{ is_target: 'true' }, /is a target of walcast/],
  ])('refuses a server with %j', (changed, what) => {
    const errors = serverFindings({
      ...fresh,
      server: { ...server, ...changed },
      secondServer: { ...server, ...changed },
    }).filter(({ level }) => level === 'error');
    expect(errors).toHaveLength(1);
    expect(errors[0]?.what).toMatch(what);
    expect(errors[0]?.cure).not.toBe('');
    expect(errors[0]?.forcible).toBeUndefined();
  });

  it('refuses a pooler and a load balancer in between', () => {
    const worst = (facts: SourceFacts): string[] =>
      serverFindings(facts).flatMap(({ level, what }) => (level === 'error' ? [what] : []));
    expect(worst({ ...fresh, direct: false })).toEqual([expect.stringMatching(/pooler/)]);
    expect(worst({ ...fresh, secondServer: { ...server, address: '10.0.0.2:5432' } })).toEqual([
      expect.stringMatching(/load balancer/),
    ]);
  });

  it.each<[string, Partial<SourceFacts>, RegExp]>([
    ['a foreign schema', { schema: 'foreign', schemaProblem: 'belongs to bob' }, /belongs to bob/],
    ['a foreign slot of our name', { slot }, /did not make here/],
    [
      'a slot of our name in another database',
      { slot: { ...slot, here: false }, record, publication: { fits: true } },
      /did not make here/,
    ],
    [
      'a slot of another plugin',
      { slot: { ...slot, plugin: 'wal2json' }, record, publication: { fits: true } },
      /did not make here/,
    ],
    ['a lost slot', { slot: { ...slot, walStatus: 'lost' }, record, publication: { fits: true } }, /is lost/],
    ['a foreign publication of our name', { publication: { fits: true } }, /did not make/],
    ['a publication that was dropped', { slot, record }, /was dropped/],
    ['a publication that was changed', { slot, record, publication: { fits: false } }, /changed the publication/],
    [
      'a slot of another publication',
      { slot, record: { ...record, publication: 'other' }, publication: { fits: true } },
      /belongs to the publication other/,
    ],
  ])('refuses %s', (_, changed, what) => {
    const errors = installationFindings({ ...fresh, schema: 'ours', ...changed }, names).filter(
      ({ level }) => level === 'error',
    );
    expect(errors.map((finding) => finding.what)).toEqual([expect.stringMatching(what)]);
  });

  it('lets force overrule neighbours only, and does not ask again once installed', () => {
    const neighbours = { ...fresh, foreignSlots: ['debezium'], foreignPublications: ['everything'] };
    expect(installationFindings(neighbours, names).filter(({ forcible }) => forcible === true)).toHaveLength(2);
    expect(
      installationFindings({ ...neighbours, schema: 'ours' }, names).filter(({ level }) => level === 'error'),
    ).toEqual([]);
  });

  it('asks for consent before identities are changed', () => {
    const gaps = [{ oid: '1', table: 'public.t', identity: 'full row' }];
    expect(identityFindings({ ...fresh, gaps }, undefined)).toMatchObject([
      { level: 'error', what: expect.stringMatching(/public\.t \(full row\)/) as unknown },
    ]);
    expect(identityFindings({ ...fresh, gaps }, 'off')).toMatchObject([{ level: 'error' }]);
    expect(identityFindings({ ...fresh, gaps }, 'auto')).toMatchObject([{ level: 'warning' }]);
    expect(identityFindings({ ...fresh, gaps, record, replicaIdentity: 'auto' }, 'off')).toMatchObject([
      { level: 'warning' },
    ]);
  });

  it('refuses tables that cannot be identified at all, whoever consents', () => {
    const gaps = [{ oid: '1', table: 'public.v', identity: 'none' }];
    expect(identityFindings({ ...fresh, gaps }, 'auto')).toMatchObject([{ level: 'error' }]);
  });
});
