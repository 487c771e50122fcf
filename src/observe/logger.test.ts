import { Writable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WalcastError } from '../errors/walcast-error.ts';
import { createLogger, wantsColor, type LoggerOptions } from './logger.ts';

function capture(options: Partial<LoggerOptions> = {}) {
  let text = '';
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  const logger = createLogger({ level: 'info', format: 'json', stream, ...options });
  return {
    logger,
    text: () => text,
    last: () => JSON.parse(text.trim().split('\n').at(-1) ?? '') as Record<string, unknown>,
  };
}

const URL_TEXT = 'postgres://app:s3cretpw@db/main';

describe('createLogger', () => {
  it('writes one JSON object a line, with level name, ISO time and pipeline', () => {
    const { logger, last } = capture({ pipeline: 'main' });
    logger.info({ rows: 3, lsn: 5n }, 'applied %d', 3);
    expect(last()).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      pipeline: 'main',
      rows: 3,
      lsn: '5',
      msg: 'applied 3',
    });
  });

  it('says no more than the level allows', () => {
    const { logger, text } = capture({ level: 'warn' });
    logger.info('no');
    logger.warn('yes');
    expect(text()).toContain('yes');
    expect(text()).not.toContain('no');
  });

  it('hides passwords in message, parameters, fields, children, errors and their causes', () => {
    const { logger, text } = capture({ secrets: ['s3cretpw'] });
    logger.info(`to ${URL_TEXT}`);
    logger.info('to %s', URL_TEXT);
    logger.info({ deep: [{ url: URL_TEXT, password: 'an0ther' }] }, 'x');
    logger.child({ a: 1 }).child({ url: URL_TEXT }).info('x');
    logger.error(new Error(`cannot reach ${URL_TEXT}`));
    logger.error({ err: new Error('outer', { cause: new Error(`inner ${URL_TEXT}`) }) });
    logger.error({ err: new WalcastError('E_CONFIG', 'bad', { fields: { url: URL_TEXT } }) }, 'plain s3cretpw');
    expect(text().split('\n')).toHaveLength(8);
    expect(text()).not.toMatch(/s3cretpw|an0ther/);
    expect(text()).toContain('inner postgres://app:***@db/main');
  });

  it('tells an error by type, code, hint and cause', () => {
    const { logger, last } = capture();
    logger.error(new WalcastError('E_CONFIG', 'bad', { cause: new TypeError('why'), fields: { key: 'a' } }));
    expect(last()).toMatchObject({
      msg: 'bad',
      err: {
        type: 'WalcastError',
        code: 'E_CONFIG',
        hint: expect.any(String),
        fields: { key: 'a' },
        cause: { type: 'TypeError', message: 'why' },
      },
    });
  });

  it('stays valid JSON, line by line, whatever is logged', () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true }),
        fc.string(),
        (value, message) => {
          const { logger, text, last } = capture();
          logger.info({ value }, message.replaceAll('%', ''));
          expect(text().match(/\n/g)).toHaveLength(1);
          expect(last()['level']).toBe('info');
        },
      ),
      { seed: 5 },
    );
  });

  it('cuts what is too long', () => {
    const { logger, text } = capture();
    logger.info({ statement: 'x'.repeat(3_000_000), list: Array.from({ length: 1_000_000 }, (_, i) => i) }, 'big');
    expect(text().length).toBeLessThan(12_000);
  });

  it('is readable as pretty, without colour unless asked', () => {
    const plain = capture({ format: 'pretty' });
    plain.logger.warn({ url: URL_TEXT }, 'careful');
    expect(plain.text()).toContain('WARN');
    expect(plain.text()).toContain('careful');
    expect(plain.text()).not.toMatch(/\u001b\[|s3cretpw/);
    const coloured = capture({ format: 'pretty', color: true });
    coloured.logger.warn('careful');
    expect(coloured.text()).toContain('\u001b[');
  });
});

describe('wantsColor', () => {
  it('needs a terminal and no NO_COLOR', () => {
    expect(wantsColor({ isTTY: true }, {})).toBe(true);
    expect(wantsColor({ isTTY: true }, { NO_COLOR: '' })).toBe(true);
    expect(wantsColor({ isTTY: true }, { NO_COLOR: '1' })).toBe(false);
    expect(wantsColor({ isTTY: true }, { TERM: 'dumb' })).toBe(false);
    expect(wantsColor({}, {})).toBe(false);
  });
});
