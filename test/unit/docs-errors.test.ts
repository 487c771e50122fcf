import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ERROR_CODES } from '../../src/errors/codes.ts';
import { renderErrors } from '../../tools/render-errors.mjs';

const FILE = path.join(import.meta.dirname, '..', '..', 'docs', 'errors.md');

describe('docs/errors.md', () => {
  it('is what `npm run docs:errors` writes from the table of codes', () => {
    expect(readFileSync(FILE, 'utf8')).toBe(renderErrors(ERROR_CODES));
  });

  it.each(Object.entries(ERROR_CODES))('%s says cause and cure in whole sentences', (_code, row) => {
    for (const text of [row.cause, row.cure]) expect(text).toMatch(/^(walcast |\P{Ll}).{10,}[.!]$/su);
  });
});
