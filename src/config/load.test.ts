import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { isWalcastError } from '../errors/walcast-error.ts';
import { loadConfig, type LoadedConfig, type LoadOptions } from './load.ts';

const SOURCE = 'postgres://app:s3cretpw@db/main';
const TARGET = 'postgres://copy:t4rgetpw@replica/main';
const FULL = `name: main
source:
  postgres: {url: "${SOURCE}"}
targets:
  - name: replica
    postgres:
      url: ${TARGET}
`;

const AWS = '{region: r, access_key_id: AKID, secret_access_key: s3cretkey}';
const search = (more: string): string =>
  FULL.replace(/ {4}postgres:[^]*/, `    opensearch:\n      url: https://u:s3archpw@search:9200\n      ${more}\n`);

const folder = mkdtempSync(path.join(tmpdir(), 'walcast-config-'));
const file = path.join(folder, 'walcast.yaml');
afterAll(() => rmSync(folder, { recursive: true }));

function load(text: string | undefined, options: LoadOptions = {}): LoadedConfig {
  if (text === undefined) return loadConfig(options);
  writeFileSync(file, text);
  return loadConfig({ file, ...options });
}

function refusal(text: string | undefined, options: LoadOptions = {}): { message: string; suggestion: unknown } {
  try {
    load(text, options);
  } catch (error) {
    if (!isWalcastError(error) || error.code !== 'E_CONFIG') throw error;
    return { message: error.message, suggestion: error.fields['suggestion'] };
  }
  throw new Error('the configuration was taken');
}

describe('loadConfig', () => {
  it('fills in the defaults and freezes the whole object', () => {
    const { config } = load(FULL);
    expect(config).toEqual({
      name: 'main',
      source: { postgres: { url: SOURCE, binary: 'auto' }, filter: { include: ['*.*'], exclude: [], schema_only: [] } },
      targets: [
        {
          name: 'replica',
          postgres: { url: TARGET, flavor: 'postgres' },
          ddl: 'apply',
          filter: { include: ['*.*'], exclude: [], schema_only: [] },
        },
      ],
      snapshot: {
        mode: 'initial',
        on_existing: 'fail',
        workers: 4,
        schema_source: 'auto',
        range_size: 134_217_728,
        lock_timeout: 2_000,
        statement_timeout: 0,
        max_retained_wal: 0,
      },
      ddl: { roles: 'stop', role_map: {}, concurrently: 'plain', backfill_limit: 67_108_864 },
      migrations: {},
      server: { listen: '127.0.0.1:9464' },
      log: { level: 'info', format: 'json' },
    });
    for (const part of [
      config,
      config.targets,
      config.targets[0]?.postgres,
      config.source.filter.include,
      config.ddl,
    ]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });

  it('needs no file where environment and flags say enough', () => {
    const { config } = load(undefined, { env: { REPLICATE_SOURCE_URL: SOURCE }, flags: { targetUrl: TARGET } });
    expect(config.source.postgres.url).toBe(SOURCE);
    expect(config.targets.map((target) => [target.name, target.postgres?.url])).toEqual([['replica', TARGET]]);
  });

  it('lets flags win over the environment, that over the file, and that over defaults', () => {
    const text = `${FULL}log: {level: debug}\n`;
    const env = { REPLICATE_LOG_LEVEL: 'warn', REPLICATE_NAME: '' };
    expect(load(text).config.log).toEqual({ level: 'debug', format: 'json' });
    expect(load(text, { env }).config.log.level).toBe('warn');
    expect(load(text, { env, flags: { logLevel: 'error' } }).config.log.level).toBe('error');
    expect(load(text, { env }).config.name, 'an empty variable is not set').toBe('main');
  });

  it('takes the file from REPLICATE_CONFIG', () => {
    writeFileSync(file, FULL);
    expect(loadConfig({ env: { REPLICATE_CONFIG: file } }).config.name).toBe('main');
  });

  it('reads a value from the file that a _FILE variable names, without its last line end', () => {
    const secret = path.join(folder, 'secret');
    writeFileSync(secret, `${SOURCE}\n`);
    const env = { REPLICATE_SOURCE_URL_FILE: secret, REPLICATE_TARGET_URL: TARGET };
    const loaded = load(undefined, { env });
    expect(loaded.config.source.postgres.url).toBe(SOURCE);
    expect(loaded.originOf(['source', 'postgres', 'url'])).toBe('env REPLICATE_SOURCE_URL_FILE');
    expect(refusal(undefined, { env: { ...env, REPLICATE_SOURCE_URL: SOURCE } }).message).toContain('both set');
    expect(refusal(undefined, { env: { REPLICATE_SOURCE_URL_FILE: '/nonexistent' } }).message).toMatch(
      /^env REPLICATE_SOURCE_URL_FILE: cannot read \/nonexistent/,
    );
  });

  it('expands variables in the file', () => {
    const text = FULL.replace('t4rgetpw', '${PW}').replace('name: main', 'name: ${NAME:-fallback}');
    const { config } = load(text, { env: { PW: 'a:b"c{d' } });
    expect(config.name).toBe('fallback');
    expect(config.targets[0]?.postgres?.url).toBe('postgres://copy:a:b"c{d@replica/main');
    expect(refusal(text).message).toBe(
      `${file}:7: targets.0.postgres.url: the environment variable PW is not set; \${PW:-default} gives a default`,
    );
  });

  it('does not need the variables of a value that a flag replaces', () => {
    const text = FULL.replace(SOURCE, '${NOT_SET}');
    expect(load(text, { flags: { sourceUrl: SOURCE } }).config.source.postgres.url).toBe(SOURCE);
  });

  it.each([
    ['at the top', `${FULL}\nsnapshots: {}\n`, ':9: snapshots: unknown key; did you mean `snapshot`?', 'snapshot'],
    ['deeper', FULL.replace('{url:', '{urll:'), ':3: source.postgres.urll: unknown key; did you mean `url`?', 'url'],
    [
      'in a list',
      FULL.replace('- name', '- ddll: apply\n    name'),
      ':5: targets.0.ddll: unknown key; did you mean',
      'ddl',
    ],
    [
      'far from any',
      `${FULL}zzzzzzzzzzzz: 1\n`,
      ':8: zzzzzzzzzzzz: unknown key; known here: name, source, targets,',
      undefined,
    ],
  ])('says line and nearest key of an unknown key %s', (_case, text, message, suggestion) => {
    const refused = refusal(text);
    expect(refused.message).toContain(`${file}${message}`);
    expect(refused.suggestion).toBe(suggestion);
  });

  it.each([
    ['a wrong choice', `${FULL}log: {level: loud}\n`, ':8: log.level: Invalid option'],
    ['YAML that is none', 'name: [', `:1: `],
    ['a key twice', 'name: a\nname: b\n', ':2: Map keys must be unique'],
    ['a list at the top', '- a\n', ':1: a mapping such as'],
    ['no source', FULL.replace(/source:\n.*\n/, ''), 'source: is missing; give it in the file, as --source-url or'],
    ['no target', FULL.replace(/targets:[^]*/, ''), 'targets: at least one target is needed'],
    ['one name twice', FULL + FULL.slice(FULL.indexOf('  - name')), ':8: targets.1.name: target 1 has the same name'],
    [
      'the source as target',
      FULL.replace(TARGET, 'postgresql://x@db:5432/main'),
      ':7: targets.0.postgres.url: names the same',
    ],
    [
      'another scheme',
      FULL.replace(TARGET, 'mysql://x@db/main'),
      ':7: targets.0.postgres.url: has to start with postgres://',
    ],
    [
      'a broken url',
      FULL.replace(TARGET, 'postgres://u:p/w@db/main'),
      ':7: targets.0.postgres.url: is not a URL; escape',
    ],
    ['a slot with capitals', FULL.replace('{url', '{slot: MySlot, url'), ':3: source.postgres.slot: may hold a-z'],
    ['a map of roles without roles', `${FULL}ddl: {roles: map}\n`, 'ddl.role_map: `roles: map` needs a map'],
    ['no address', `${FULL}server: {listen: "9464"}\n`, ':8: server.listen: has to be host:port'],
    [
      'a search target with the url of a database',
      FULL.replace('postgres:\n      url', 'opensearch:\n      url'),
      ':7: targets.0.opensearch.url: has to start with http://',
    ],
    [
      'a misspelt key of a table',
      search('tables: {public.t: {analyser: x}}'),
      'targets.0.opensearch.tables.public.t.analyser: unknown key; known here: skip',
    ],
    [
      'two kinds at once',
      search('').replace('opensearch:', `postgres: {url: "${TARGET}"}\n    opensearch:`),
      'target replica is postgres and opensearch at once',
    ],
    ['no kind at all', FULL.replace(/ {4}postgres:[^]*/, ''), 'target replica is no kind of target'],
    ['two ways to sign', search(`auth: {api_key: k, aws: ${AWS}}`), 'targets.0.opensearch.auth: `api_key` and `aws`'],
    ['half a certificate', search('tls: {cert: a.pem}'), 'targets.0.opensearch.tls: `cert` and `key` belong together'],
    [
      'kafka',
      FULL.replace('postgres:\n      url', 'kafka:\n      url'),
      ':6: targets.0.kafka: kafka targets are not in this version',
    ],
    [
      'a selection',
      `${FULL.replace('targets:', '  filter: {exclude: [a.b]}\ntargets:')}`,
      ':4: source.filter.exclude: selecting',
    ],
    [
      'a selection of a target',
      `${FULL}    filter: {include: [a.b]}\n`,
      ':8: targets.0.filter.include: selecting tables is not',
    ],
  ])('refuses %s and says where', (_case, text, message) => {
    expect(refusal(text).message).toContain(message);
  });

  it('reads sizes and durations of the copy with their units', () => {
    const text = `${FULL}snapshot: {range_size: 1GB, lock_timeout: 500ms, statement_timeout: 2h, max_retained_wal: 10GB, workers: 8}\n`;
    expect(load(text, { flags: { onExisting: 'replace', snapshotMode: 'never' } }).config.snapshot).toMatchObject({
      mode: 'never',
      on_existing: 'replace',
      workers: 8,
      range_size: 2 ** 30,
      lock_timeout: 500,
      statement_timeout: 7_200_000,
      max_retained_wal: 10 * 2 ** 30,
    });
    expect(refusal(`${FULL}snapshot: {lock_timeout: 30}\n`.replace('30', '"30"')).message).toContain(
      'has to be a duration',
    );
    expect(refusal(`${FULL}snapshot: {range_size: 1kB}\n`).message).toContain('snapshot.range_size');
    expect(refusal(FULL, { flags: { onExisting: 'overwrite' } }).message).toContain('flag --on-existing');
  });

  it('takes the defaults of what comes later when they are written out', () => {
    const text = `${FULL.replace('targets:', '  filter: {include: ["*.*"], exclude: [], schema_only: []}\ntargets:')}snapshot: {mode: never}\nlog:\n`;
    expect(load(text).config.snapshot.mode).toBe('never');
  });

  it('names the flag or variable of a wrong value', () => {
    expect(refusal(FULL, { flags: { logLevel: 'loud' } }).message).toMatch(
      /^flag --log-level: log\.level: Invalid option/,
    );
    expect(refusal(FULL, { env: { REPLICATE_LISTEN: 'x' } }).message).toMatch(
      /^env REPLICATE_LISTEN: server\.listen: /,
    );
    expect(refusal(undefined, { flags: { sourceUrl: SOURCE, targetUrl: 'kafka://b:9092' } }).message).toBe(
      'flag --target-url: kafka targets are not in this version',
    );
  });

  it('knows a search target by the scheme of its url', () => {
    const flags = { sourceUrl: SOURCE, targetUrl: 'opensearch+https://u:s3archpw@search:9200' };
    const { config, originOf } = load(undefined, { flags });
    expect(config.targets[0]?.opensearch?.index).toBe('{schema}.{table}');
    expect(originOf(['targets', 0, 'opensearch', 'url'])).toBe('flag --target-url');
  });

  it('hides what a search target signs with', () => {
    const loaded = load(search(`auth: {aws: ${AWS}}`));
    expect(loaded.secrets).toEqual(expect.arrayContaining(['s3cretkey', 's3archpw']));
    expect(load(search('auth: {api_key: "k3y"}')).secrets).toContain('k3y');
  });

  it('refuses a target url beside several targets of the file', () => {
    const two = `${FULL}  - {name: second, postgres: {url: "postgres://x@third/main"}}\n`;
    expect(load(two).config.targets).toHaveLength(2);
    expect(refusal(two, { flags: { targetUrl: TARGET } }).message).toContain('but the file has 2');
  });

  it('lets commands that touch the source only do without a target', () => {
    expect(load(undefined, { flags: { sourceUrl: SOURCE }, targets: 'none' }).config.targets).toEqual([]);
  });

  it('never shows a password in an error', () => {
    for (const text of [
      FULL.replace('//copy', '/copy'),
      FULL.replace('postgres://copy', 'mysql://copy'),
      FULL.replace('@replica', '/@replica'),
    ]) {
      expect(refusal(text).message).not.toMatch(/s3cretpw|t4rgetpw/);
    }
  });

  it('hands out the passwords to hide', () => {
    expect(load(FULL).secrets).toEqual(expect.arrayContaining(['s3cretpw', 't4rgetpw']));
  });

  it('warns about variables that look like a slip of the pen', () => {
    const env = { REPLICATE_SOURCE_ULR: 'x', REPLICATE_SERVICE_HOST_OF_SOMETHING_ELSE_ENTIRELY: 'y' };
    expect(load(FULL, { env }).warnings).toEqual([
      'the environment variable REPLICATE_SOURCE_ULR is not known; did you mean REPLICATE_SOURCE_URL?',
    ]);
  });

  it('ends documents that contain themselves', () => {
    expect(refusal('name: &a [*a]\n').message).toMatch(/nested deeper|alias/i);
    const bomb = Array.from(
      { length: 12 },
      (_, i) =>
        `k${i}: &k${i} [${
          i === 0
            ? '"x"'
            : Array(9)
                .fill(`*k${i - 1}`)
                .join(',')
        }]`,
    ).join('\n');
    expect(refusal(bomb).message).toMatch(/alias/i);
  });

  it('does not let a file reach the prototype', () => {
    expect(refusal(`${FULL}__proto__: {polluted: true}\n`).message).toContain('__proto__');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('either takes a text or refuses it as E_CONFIG, whatever the text', () => {
    const piece = fc.constantFrom(
      ...FULL.split(/(?<=[\n :{}])/),
      '- ',
      '[',
      '&a ',
      '*a',
      '"',
      '${',
      '${X}',
      '!!binary ',
      '? ',
      '|\n',
      '\t',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        writeFileSync(file, pieces.join(''));
        try {
          loadConfig({ file });
        } catch (error) {
          expect(isWalcastError(error) && error.code).toBe('E_CONFIG');
        }
      }),
      { seed: 3, numRuns: 400 },
    );
  });
});
