import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadModule } from 'libpg-query';
import { examineMigrations, type FolderReport } from './verify-files.ts';

/** Makes the verify files of a folder what they have to be; touches nothing as long as the lint finds a problem. */
export async function writeVerifyFiles(folder: string): Promise<FolderReport> {
  await loadModule();
  const report = examineMigrations(folder);
  if (report.problems.length > 0) return report;
  for (const file of report.stale) {
    const text = report.verifyFiles.get(file);
    if (text === undefined) rmSync(join(folder, file));
    else writeFileSync(join(folder, file), text);
  }
  return report;
}
