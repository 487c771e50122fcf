import { describe, expect, it } from 'vitest';
import { fitOf } from './json-guard.ts';

function fit(json: string, mayRepeat = true): string {
  const bytes = Buffer.from(`[${json}]`);
  return fitOf(bytes, 1, bytes.length - 1, mayRepeat);
}

const deep = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;

const CASES: readonly (readonly [json: string, fit: string])[] = [
  ['{}', 'object'],
  ['{"a": 1, "b": [1, {"a": "x"}], "c": null}', 'object'],
  ['[]', 'object'],
  ['[{"a":1},null,[{"b":2}]]', 'object'],
  ['1', 'wrapped'],
  ['null', 'wrapped'],
  ['"{"', 'wrapped'],
  ['[1]', 'wrapped'],
  ['[{"a":1},"x"]', 'wrapped'],
  ['{"a":1,"a":2}', 'refused'],
  ['{"a":1,"\\u0061":2}', 'refused'],
  ['{"a":{"a":1},"b":{"a":1}}', 'object'],
  ['[{"a":1},{"a":1}]', 'object'],
  ['{"a":"\\ud83d\\ude00 \\u00e9"}', 'object'],
  ['{"a":"\\ud83d"}', 'refused'],
  ['{"\\uDE00a":1}', 'refused'],
  ['{"a":"\\\\ud83d"}', 'object'],
  [deep(200), 'object'],
  [deep(300), 'refused'],
  ['['.repeat(300), 'refused'],
  [`{"a":"${'x'.repeat(31_000)}"}`, 'object'],
  [`{"a":"${'x'.repeat(32_100)}"}`, 'refused'],
  [`{"${'x'.repeat(32_100)}":1}`, 'refused'],
  [`{"${'x'.repeat(20_000)}":{"${'y'.repeat(13_000)}":1}}`, 'refused'],
  [`{"${'x'.repeat(20_000)}":1,"${'y'.repeat(20_000)}":1}`, 'object'],
  [`{"${'x'.repeat(20_000)}":{"a":1},"b":"${'y'.repeat(20_000)}"}`, 'object'],
  [`{"a":${'1'.repeat(1000)}}`, 'refused'],
  [`{"a":["${'\\"'.repeat(100)}",{"b":"}"}]}`, 'object'],
];

describe('a flat object', () => {
  for (const [json, expected] of CASES) {
    const name = json.length > 60 ? `${json.slice(0, 50)}… (${json.length} characters)` : json;
    it(`${name}: ${expected}`, () => {
      expect(fit(json)).toBe(expected);
    });
  }
});

it('does not look for repeated keys where there are none', () => {
  expect(fit('{"a":1,"a":2}', false)).toBe('object');
});
