import { parseSync, type RawStmt } from 'libpg-query';
import { EXEMPT, STATEMENTS, type StatementClass } from './classes.ts';
import { problemsOfDoBlock } from './do-block.ts';
import { type Subject, verificationOf } from './verification.ts';

export interface Lint {
  /** What needs a verify file. */
  readonly subject: Subject | null;
  readonly problems: readonly string[];
}

/**
 * Holds one migration file (`core/0001_key.up.sql`) against the rules: at most one statement that modifies the schema, nothing that is not
 * classified, and repeatable where it is verified. The parser has to be loaded.
 */
export function lintMigration(file: string, sql: string): Lint {
  if (EXEMPT[file.slice(file.lastIndexOf('/') + 1)] !== undefined) return { subject: null, problems: [] };
  const problems: string[] = [];
  const classes: StatementClass[] = [];
  let subject: Subject | null = null;
  for (const { kind, text, node } of statementsOf(file, sql)) {
    const row = STATEMENTS[kind];
    if (row === undefined) {
      problems.push(`${kind} is not classified: see tools/migrations/classes.ts`);
      continue;
    }
    classes.push(row.class);
    if (kind === 'DoStmt') problems.push(...problemsOfDoBlock(text));
    if (row.class !== 'change') continue;
    const verification = verificationOf(kind, node);
    subject ??= verification.subject;
    problems.push(...verification.problems);
  }
  const changes = classes.filter((found) => found === 'change').length;
  if (changes > 1) problems.push(`${changes} changes of the schema: one a file`);
  if (subject !== null && classes.includes('data')) {
    problems.push(
      'rows are written beside a change that is verified and may run again: put them into a file of their own',
    );
  }
  return {
    subject: file.endsWith('.up.sql') ? subject : null,
    problems: problems.map((problem) => `${file}: ${problem}`),
  };
}

function statementsOf(
  file: string,
  sql: string,
): { kind: string; text: string; node: Parameters<typeof verificationOf>[1] }[] {
  if (sql.trim() === '') return [];
  const bytes = Buffer.from(sql);
  return parsed(file, sql).flatMap(({ stmt, stmt_location: start = 0, stmt_len }) => {
    const end = stmt_len === undefined ? bytes.length : start + stmt_len;
    const [kind] = Object.keys(stmt ?? {});
    return stmt === undefined || kind === undefined
      ? []
      : [{ kind, text: bytes.toString('utf8', start, end), node: stmt }];
  });
}

function parsed(file: string, sql: string): RawStmt[] {
  try {
    return parseSync(sql).stmts ?? [];
  } catch (cause) {
    throw new Error(`${file}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
