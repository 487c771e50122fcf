import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDuration } from './duration.ts';
import { expandVariables } from './expand.ts';
import { parseListen } from './listen.ts';
import { deriveNames, sanitisedName } from './names.ts';
import { editDistance, nearest } from './nearest.ts';
import { optionHelp, OPTIONS } from './options.ts';
import { parseSize } from './size.ts';

describe('sanitisedName', () => {
  it('keeps a plain name', () => {
    expect(sanitisedName('main')).toBe('walcast_main');
  });

  it('is always a valid slot name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (name) => {
        expect(sanitisedName(name)).toMatch(/^walcast_[a-z0-9_]{1,55}$/);
      }),
      { seed: 4 },
    );
  });

  it('keeps different names apart', () => {
    const names = ['my-app', 'my_app', 'My_App', 'my app', 'ä', 'ö', 'a'.repeat(55), 'a'.repeat(56), 'a'.repeat(57)];
    expect(new Set(names.map(sanitisedName)).size).toBe(names.length);
  });
});

describe('deriveNames', () => {
  it('prefers the names that the configuration gives', () => {
    const source = {
      postgres: { url: 'x', binary: 'auto', slot: 'mine', publication: 'Ours' },
      filter: { include: [], exclude: [], schema_only: [] },
    } as const;
    expect(deriveNames({ name: 'main', source })).toEqual({ slot: 'mine', publication: 'Ours' });
  });
});

describe('parseDuration', () => {
  it.each([
    ['0', 0],
    ['500ms', 500],
    ['30 s', 30_000],
    ['5min', 300_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
  ])('reads %s', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  it.each(['', '30', '-1s', '1.5s', '5m', 's', '5 minutes'])('refuses %j', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });
});

describe('editDistance', () => {
  it.each([
    ['', '', 0],
    ['abc', 'abc', 0],
    ['abc', 'acb', 1],
    ['url', 'urll', 1],
    ['kitten', 'sitting', 3],
    ['', 'abc', 3],
  ])('%s → %s: %i', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
    expect(editDistance(b, a)).toBe(distance);
  });

  it('finds the nearest of several and nothing far away', () => {
    expect(nearest('taget', ['source', 'target', 'targets'])).toBe('target');
    expect(nearest('LEVEL', ['format', 'level'])).toBe('level');
    expect(nearest('entirely', ['url', 'name'])).toBeUndefined();
  });
});

describe('expandVariables', () => {
  const env = { A: '1', EMPTY: '', NESTED: '${A}' };

  it.each([
    ['x${A}y${A}', 'x1y1'],
    ['${B:-d}', 'd'],
    ['${EMPTY:-d}', 'd'],
    ['${EMPTY}', ''],
    ['${A:-d}', '1'],
    ['${B:-}', ''],
    ['$${A}', '${A}'],
    ['$A $ $$', '$A $ $$'],
    ['${NESTED}', '${A}'],
  ])('%s → %s', (text, expected) => {
    expect(expandVariables(text, env)).toBe(expected);
  });

  it.each(['${B}', '${', '${A', '${1}', '${A-b}'])('refuses %s', (text) => {
    expect(() => expandVariables(text, env)).toThrow();
  });
});

describe('parseListen', () => {
  it('reads host and port, nothing else', () => {
    expect(parseListen('127.0.0.1:9464')).toEqual({ host: '127.0.0.1', port: 9464 });
    expect(parseListen('[::1]:0')).toEqual({ host: '::1', port: 0 });
    for (const text of ['9464', ':9464', 'a:65536', 'a:-1', 'a b:1', '::1:9464', ''])
      expect(parseListen(text), text).toBeUndefined();
  });
});

describe('parseSize', () => {
  it("reads PostgreSQL's units, nothing else", () => {
    expect(['0', '12B', '1kB', '64MB', '2 GB'].map(parseSize)).toEqual([0, 12, 1024, 67_108_864, 2_147_483_648]);
    for (const text of ['', '-1', '1.5MB', '1m', 'MB', '999999999999999TB'])
      expect(parseSize(text), text).toBeUndefined();
  });
});

describe('the table of options', () => {
  it('names each key, flag and variable once', () => {
    for (const column of ['key', 'flag', 'env'] as const) {
      expect(new Set(OPTIONS.map((row) => row[column])).size).toBe(OPTIONS.length);
    }
  });

  it('shows variable, choices and default in the help', () => {
    expect(optionHelp().find((row) => row.flag.startsWith('--log-format'))?.describe).toBe(
      'how the log looks (json|pretty, env REPLICATE_LOG_FORMAT, default json)',
    );
  });
});
