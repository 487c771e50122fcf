import path from 'node:path';
import { Linter } from 'eslint';
import tseslint from 'typescript-eslint';
import { describe, expect, it } from 'vitest';
import { importDirection, LAYERS, violation } from '../../tools/eslint/import-direction.js';

const ROOT = path.resolve('/repo');

function lint(file: string, code: string): string[] {
  const linter = new Linter({ cwd: ROOT });
  const messages = linter.verify(
    code,
    [
      {
        files: ['**/*.ts'],
        languageOptions: { parser: tseslint.parser as Linter.Parser },
        plugins: { walcast: { rules: { 'import-direction': importDirection } } },
        rules: { 'walcast/import-direction': ['error', { root: ROOT }] },
      },
    ],
    path.join(ROOT, file),
  );
  return messages.map((message) => message.message);
}

describe('import-direction', () => {
  it.each([
    ['src/cli/main.ts', "import { run } from '../app/run.ts';"],
    ['src/processor/postgres/apply.ts', "import { quoteIdentifier } from '../../sql/quote.ts';"],
    ['src/processor/postgres/apply.ts', "import { x } from './statement.ts'; export * from '../shared.ts';"],
    ['src/config/load.ts', "import { WalcastError } from '../errors/walcast-error.ts';"],
    ['src/wal/lsn.ts', "import path from 'node:path'; import pg from 'pg';"],
    ['src/wal/lsn.test.ts', "import { start } from '../../test/support/server.ts';"],
    ['test/pg/x.pg.test.ts', "import { run } from '../../src/app/run.ts';"],
  ])('lets %s hold %s', (file, code) => {
    expect(lint(file, code)).toEqual([]);
  });

  it.each([
    [
      'an upward import',
      'src/postgres/a.ts',
      "import { x } from '../app/run.ts';",
      'imports go down only: postgres → app',
    ],
    [
      'an upward type import',
      'src/wal/a.ts',
      "import type { X } from '../ddl/x.ts';",
      'imports go down only: wal → ddl',
    ],
    ['an inline type import', 'src/wal/a.ts', "type X = import('../ddl/x.ts').X;", 'imports go down only: wal → ddl'],
    ['a dynamic import', 'src/ddl/a.ts', "await import('../cli/main.ts');", 'imports go down only: ddl → cli'],
    ['a re-export', 'src/sql/a.ts', "export * from '../schema/x.ts';", 'imports go down only: sql → schema'],
    ['a named re-export', 'src/sql/a.ts', "export { x } from '../schema/x.ts';", 'imports go down only: sql → schema'],
    [
      'a sibling',
      'src/decode/a.ts',
      "import '../listener/x.ts';",
      'siblings do not import one another: decode → listener',
    ],
    [
      'a sibling at the bottom',
      'src/observe/a.ts',
      "import '../config/x.ts';",
      'siblings do not import one another: observe → config',
    ],
    [
      'a sibling target',
      'src/processor/search/a.ts',
      "import '../postgres/x.ts';",
      'siblings do not import one another: processor/search → processor/postgres',
    ],
    [
      'what everybody may import, upwards',
      'src/errors/a.ts',
      "import '../wal/x.ts';",
      'siblings do not import one another: errors → wal',
    ],
    ['test code', 'src/wal/a.ts', "import '../../test/support/x.ts';", 'code in src must not import files outside src'],
  ])('refuses %s', (_case, file, code, message) => {
    expect(lint(file, code)).toEqual([message]);
  });

  it('refuses a folder that the table does not know', () => {
    expect(lint('src/utils/a.ts', "import '../sql/quote.ts';")).toEqual([expect.stringContaining("'src/utils'")]);
  });

  it('allows, of every two folders, at most one direction', () => {
    const folders = LAYERS.flat();
    for (const a of folders) {
      for (const b of folders) {
        if (a === b) continue;
        const [fileA, fileB] = [path.join(ROOT, 'src', a, 'x.ts'), path.join(ROOT, 'src', b, 'x.ts')];
        const both = violation(fileA, fileB, ROOT) === undefined && violation(fileB, fileA, ROOT) === undefined;
        expect(both, `${a} and ${b}`).toBe(false);
      }
    }
  });
});
