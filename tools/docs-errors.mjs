/** Writes docs/errors.md from the table of error codes. A unit test fails when the file is stale. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { renderErrors } from './render-errors.mjs';

const ROOT = path.resolve(import.meta.dirname, '..');
const source = readFileSync(path.join(ROOT, 'src', 'errors', 'codes.ts'), 'utf8');
const { outputText } = ts.transpileModule(source, {
  compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
});
const { ERROR_CODES } = await import(`data:text/javascript;base64,${Buffer.from(outputText).toString('base64')}`);
writeFileSync(path.join(ROOT, 'docs', 'errors.md'), renderErrors(ERROR_CODES));
