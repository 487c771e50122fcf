import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { lintMigration } from './lint.ts';
import { renderVerification } from './render-verification.ts';

export interface FolderReport {
  /** What the lint found in any file. */
  readonly problems: readonly string[];
  /** What the folder has to hold: text by path, as in `core/0001_key.verify.sql`. */
  readonly verifyFiles: ReadonlyMap<string, string>;
  /** What of it is missing, differs, or should not be there. */
  readonly stale: readonly string[];
}

/** Looks at all sets of a folder like `migrations`. The parser has to be loaded. */
export function examineMigrations(folder: string): FolderReport {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.sql'))
    .sort();
  const textOf = (file: string): string => readFileSync(join(folder, file), 'utf8').replaceAll('\r\n', '\n');
  const problems: string[] = [];
  const verifyFiles = new Map<string, string>();
  for (const file of files.filter((name) => /\.(up|down)\.sql$/.test(name))) {
    const lint = lintMigration(file, textOf(file));
    problems.push(...lint.problems);
    if (lint.subject === null) continue;
    const name = file.slice(file.lastIndexOf('/') + 1);
    verifyFiles.set(file.replace(/\.up\.sql$/, '.verify.sql'), renderVerification(name, lint.subject));
  }
  const present = files.filter((file) => file.endsWith('.verify.sql'));
  const stale = [
    ...[...verifyFiles]
      .filter(([file, text]) => !present.includes(file) || textOf(file) !== text)
      .map(([file]) => file),
    ...present.filter((file) => !verifyFiles.has(file)),
  ];
  return { problems, verifyFiles, stale };
}
