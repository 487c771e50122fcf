import { expect, it } from 'vitest';
import { pgDumpEnvironment } from './pg-dump-environment.ts';
import { dumpArguments } from './run-pg-dump.ts';

it('hands on the address and the password in the environment, and nothing of ours that is not needed', () => {
  const env = pgDumpEnvironment('postgres://us%20er:p%40ss%27@[::1]:6543/d%20b?options=-c%20role%3Dx', {
    PATH: '/bin',
    REPLICATE_TARGET_URL: 'postgres://secret',
    PGSERVICE: 'elsewhere',
    PGHOSTADDR: '10.0.0.1',
  });
  expect(env).toMatchObject({
    ...{ PATH: '/bin', PGHOST: '::1', PGPORT: '6543', PGUSER: 'us er', PGPASSWORD: "p@ss'", PGDATABASE: 'd b' },
    PGCLIENTENCODING: 'UTF8',
  });
  expect(env['PGOPTIONS']).toMatch(/^-c role=x .*-c standard_conforming_strings=on/);
  for (const name of ['REPLICATE_TARGET_URL', 'PGSERVICE', 'PGHOSTADDR', 'PGSSLMODE'])
    expect(env).not.toHaveProperty(name);
});

it.each<[string, Record<string, string>]>([
  ['', {}],
  ['sslmode=disable', { PGSSLMODE: 'disable' }],
  ['sslmode=no-verify', { PGSSLMODE: 'require' }],
  ['sslmode=require', { PGSSLMODE: 'verify-full', PGSSLROOTCERT: 'system' }],
  ['ssl=true', { PGSSLMODE: 'verify-full', PGSSLROOTCERT: 'system' }],
  ['sslmode=require&uselibpqcompat=true', { PGSSLMODE: 'require' }],
])('verifies the server no less than our own connections do: %s', (parameters, expected) => {
  const env = pgDumpEnvironment(`postgres://u@h/d?${parameters}`, {});
  expect(Object.fromEntries(Object.entries(env).filter(([name]) => name.startsWith('PGSSL')))).toEqual(expected);
});

it('shows nobody the address among the arguments', () => {
  const { signal } = new AbortController();
  const pgDump = { path: 'pg_dump', major: 15, version: '15.1' };
  const options = { pgDump, url: 'postgres://u:hunter2@host/base', exportId: '00-1', lockTimeoutMs: 5, signal };
  for (const section of ['pre-data', 'post-data'] as const)
    expect(dumpArguments(section, options).join(' ')).not.toMatch(/hunter2|host|base|postgres:/);
});
