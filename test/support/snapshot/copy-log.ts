import { readFile } from 'node:fs/promises';

/** For a source whose log tells every COPY that was read to its end. */
export const LOG_COPIES: Readonly<Record<string, string>> = { log_min_duration_statement: '0' };

/** A server writes a statement with its duration once all of its rows were taken; one that was cut off is not among them. */
const FINISHED = / duration: [\d.]+ ms {2}(?:statement|execute [^:]*): (copy .* to stdout.*)$/gim;

/** Every COPY that came to its end, and how often. What the source's own log says, whatever we believe to have done. */
export async function finishedCopies(logFile: string): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const [, statement = ''] of (await readFile(logFile, 'utf8')).matchAll(FINISHED)) {
    counts.set(statement, (counts.get(statement) ?? 0) + 1);
  }
  return counts;
}

export interface CopyCounts {
  readonly finished: number;
  /** Those of a statement that had been finished before. */
  readonly again: number;
}

export function countCopies(copies: ReadonlyMap<string, number>, of: (statement: string) => boolean): CopyCounts {
  const times = [...copies].filter(([statement]) => of(statement)).map(([, count]) => count);
  const finished = times.reduce((sum, count) => sum + count, 0);
  return { finished, again: finished - times.length };
}
