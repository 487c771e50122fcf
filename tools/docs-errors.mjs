/** Writes docs/errors.md from the table of error codes. A unit test fails when the file is stale. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { renderErrors } from './render-errors.mjs';

const ROOT = path.resolve(import.meta.dirname, '..');
const SOURCES = ['codes', 'search-codes'];

const folder = mkdtempSync(path.join(tmpdir(), 'walcast-errors-'));
for (const name of SOURCES) {
  const source = readFileSync(path.join(ROOT, 'src', 'errors', `${name}.ts`), 'utf8').replaceAll(".ts'", ".mjs'");
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
  });
  writeFileSync(path.join(folder, `${name}.mjs`), outputText);
}
const { ERROR_CODES } = await import(pathToFileURL(path.join(folder, 'codes.mjs')).href);
rmSync(folder, { recursive: true });
writeFileSync(path.join(ROOT, 'docs', 'errors.md'), renderErrors(ERROR_CODES));
