import { parsePlPgSQLSync, parseSync } from 'libpg-query';
import { STATEMENTS } from './classes.ts';

/** Statements of PL/pgSQL that run nothing but expressions and what stands in them. EXECUTE, PERFORM and CALL could hide a change. */
const HARMLESS = new Set(
  [
    'block',
    'assign',
    'if',
    'case',
    'loop',
    'while',
    'fori',
    'foreach_a',
    'exit',
    'return',
    'raise',
    'assert',
    'execsql',
  ].map((name) => `PLpgSQL_stmt_${name}`),
);

/** Why a DO block may not stand in a migration; empty when it only writes rows. */
export function problemsOfDoBlock(statement: string): string[] {
  // The parser takes any language for PL/pgSQL.
  if ([...nodesOf(parseSync(statement))].some(([key, value]) => key === 'defname' && value === 'language')) {
    return ['a DO block with LANGUAGE: PL/pgSQL needs none'];
  }
  const tree: unknown = parsePlPgSQLSync(statement);
  const problems: string[] = [];
  for (const [key, value] of nodesOf(tree)) {
    if (!key.startsWith('PLpgSQL_stmt_')) continue;
    if (!HARMLESS.has(key)) problems.push(`a DO block with ${key.slice(13)}, which could hide a change`);
    else if (key === 'PLpgSQL_stmt_execsql') problems.push(...problemsOfQuery(value));
  }
  return problems;
}

function problemsOfQuery(execsql: unknown): string[] {
  const query = [...nodesOf(execsql)].find(([key]) => key === 'query')?.[1];
  if (typeof query !== 'string') return ['a DO block with a statement that cannot be read'];
  const kinds = (parseSync(query).stmts ?? []).map(({ stmt }) => Object.keys(stmt ?? {})[0] ?? '');
  return kinds
    .filter((kind) => STATEMENTS[kind]?.class !== 'data' || kind === 'DoStmt')
    .map((kind) => `a DO block with ${kind}: a change stands by itself`);
}

function* nodesOf(tree: unknown): Generator<[string, unknown]> {
  if (typeof tree !== 'object' || tree === null) return;
  for (const [key, value] of Object.entries(tree)) {
    yield [key, value];
    yield* nodesOf(value);
  }
}
