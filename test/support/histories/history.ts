import type { Role } from './context.ts';

export interface Step {
  readonly sql: string;
  /** Absent: of savepoints. */
  readonly form?: string;
}

/** What one session sends between two others. */
export interface Transaction {
  readonly role: Role;
  /** Sent before. */
  readonly path: string;
  /** Null: each step is a transaction of its own. */
  readonly begin: string | null;
  readonly steps: readonly Step[];
  readonly end: readonly string[];
}

/** As it was sent; a statement that the source refuses is part of it. */
export interface History {
  readonly seed: number;
  /** What the names of its schemas begin with. */
  readonly prefix: string;
  readonly transactions: readonly Transaction[];
}

/** What is sent, in order. */
export function linesOf({ path, begin, steps, end }: Transaction): string[] {
  return [
    `set search_path = ${path}, public`,
    ...(begin === null ? [] : [begin]),
    ...steps.map(({ sql }) => sql),
    ...(begin === null ? [] : end),
  ];
}

/** For psql, without ON_ERROR_STOP: statements that were sent as one are joined by \; as it wants them. */
export function asScript({ seed, transactions }: History): string {
  const lines = [
    `-- history ${seed}; the roles app, alice and bob are plain, app is a member of the others`,
    '\\set ON_ERROR_STOP off',
  ];
  let role = '';
  for (const transaction of transactions) {
    if (transaction.role !== role)
      lines.push(`\\c - ${transaction.role === 'superuser' ? 'postgres' : transaction.role}`);
    role = transaction.role;
    for (const line of linesOf(transaction))
      lines.push(`${line.startsWith('do $do$') || line.includes(' begin ') ? line : line.replaceAll('; ', ' \\; ')};`);
  }
  return lines.join('\n');
}
