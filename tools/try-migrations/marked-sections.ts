/** The two directions of a file, where it marks them. */
export interface Sections {
  readonly up: string;
  readonly down: string | null;
}

// goose, sql-migrate, dbmate and rambler write them as comments, each with words of its own behind them.
const MARK = /^\s*--\s*(?:\+goose\s+|\+micrate\s+|\+migrate\s+|migrate:|rambler\s+)(up|down)\b/i;

/** Text before the first mark belongs to the way up; a file without marks is nothing else. */
export function markedSections(text: string): Sections {
  const up: string[] = [];
  const down: string[] = [];
  let into = up;
  let marked = false;
  for (const line of text.split('\n')) {
    const mark = MARK.exec(line)?.[1]?.toLowerCase();
    if (mark !== undefined) {
      into = mark === 'up' ? up : down;
      marked = true;
    } else {
      into.push(line);
    }
  }
  return marked ? { up: up.join('\n'), down: down.length > 0 ? down.join('\n') : null } : { up: text, down: null };
}
