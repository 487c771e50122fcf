import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redactDeep, redactText, secretsOfUrls } from './redact.ts';

describe('redactText', () => {
  it.each([
    ['postgres://app:s3cret@db:5432/main', 'postgres://app:***@db:5432/main'],
    ['cannot reach postgres://app:a@b/c?d@db/main now', 'cannot reach postgres://app:***@db/main now'],
    ['{"url":"postgres://app:s3cret@db/x","at":"a@b"}', '{"url":"postgres://app:***@db/x","at":"a@b"}'],
    ['opensearch+https://u:p@h:9200', 'opensearch+https://u:***@h:9200'],
    ['host=db password=s3cret user=app', 'host=db password=*** user=app'],
    ["host=db password='it''s me' user=app", "host=db password='***' user=app"],
    [
      'postgres://db/x?user=app&password=s3cret&sslmode=require',
      'postgres://db/x?user=app&password=***&sslmode=require',
    ],
    ['{"password":"s3\\"cret","b":1}', '{"password":"***","b":1}'],
    ["alter role app password 'it''s me' valid until 'x'", "alter role app password '***' valid until 'x'"],
    ["options (user 'u', PASSWORD E's\\'3')", "options (user 'u', PASSWORD '***')"],
    ['password authentication failed for user "app"', 'password authentication failed for user "app"'],
    ['kafka://broker:9092/topic', 'kafka://broker:9092/topic'],
    ['postgres://app@db/main', 'postgres://app@db/main'],
  ])('%s → %s', (text, expected) => {
    expect(redactText(text)).toBe(expected);
  });

  it('hides any password of a connection URL, escaped or not', () => {
    const raw = fc.stringMatching(/^[^\s"'<>]+$/);
    fc.assert(
      fc.property(raw, (password) => {
        expect(redactText(`x postgres://app:${password}@db/main y`)).toBe('x postgres://app:***@db/main y');
        const escaped = encodeURIComponent(password);
        expect(redactText(`postgres://app:${escaped}@db/main`)).toBe('postgres://app:***@db/main');
      }),
      { seed: 1 },
    );
  });

  it('changes nothing the second time', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^(password|token|=|:|'|"|a:\/\/b:c@d| |x)*$/), (text) => {
        const once = redactText(text);
        expect(redactText(once)).toBe(once);
      }),
      { seed: 2 },
    );
  });

  it('hides known passwords wherever they stand', () => {
    const secrets = secretsOfUrls(['postgres://app:tr%40ub%22dor@db/x']);
    expect(redactText('got tr@ub"dor', secrets)).toBe('got ***');
    expect(redactText(JSON.stringify({ text: 'tr@ub"dor' }), secrets)).toBe('{"text":"***"}');
    expect(redactText('tr%40ub%22dor', secrets)).toBe('***');
  });
});

describe('secretsOfUrls', () => {
  it('leaves out what is no secret', () => {
    expect(secretsOfUrls(['postgres://postgres:postgres@db/x', 'postgres://a:abc@db/x', 'not a url'])).toEqual([]);
  });
});

describe('redactDeep', () => {
  it('reaches every string', () => {
    expect(redactDeep({ a: [{ url: 'postgres://u:p@h/d' }], b: 1, c: null })).toEqual({
      a: [{ url: 'postgres://u:***@h/d' }],
      b: 1,
      c: null,
    });
  });
});
