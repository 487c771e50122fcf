import { MIGRATOR } from './schema.ts';

/** One row of the source's append-only log, as its transactions wrote it. */
export interface LogEntry {
  readonly writer: number;
  readonly n: number;
  readonly ticket: number | null;
  readonly digest: string | null;
}

/** The source's history, known when the run is over. */
export interface Truth {
  /** The log in the order in which its transactions committed. */
  readonly order: readonly LogEntry[];
  /** Fingerprint of the schema after each migration; 0: before the first. */
  readonly schemas: ReadonlyMap<number, string>;
}

/** What one reader saw in one snapshot. */
export interface Observation {
  readonly writers: ReadonlyMap<number, { readonly count: number; readonly latest: number }>;
  readonly history: number;
  /** Branches, tellers and accounts whose balance is not the sum of their history. */
  readonly unbalanced: number;
  /** The ticket's own row … */
  readonly ticket: number;
  readonly digest: string;
  /** … and how many drawn tickets the log holds. */
  readonly tickets: number;
  readonly schema: string;
}

/** Complaints about the log itself: if it is not what it should be, it can judge nobody. */
export function checkTruth({ order, schemas }: Truth): string[] {
  const found: string[] = [];
  const next = new Map<number, number>();
  let tickets = 0;
  for (const { writer, n, ticket } of order) {
    if (n !== (next.get(writer) ?? 1)) found.push(`the log has ${n} of writer ${writer} out of order`);
    next.set(writer, n + 1);
    if (ticket !== null && ticket !== ++tickets) found.push(`ticket ${ticket} committed as number ${tickets}`);
    if (writer === MIGRATOR && !schemas.has(n)) found.push(`the schema after migration ${n} is not known`);
  }
  return found;
}

/** Empty: the snapshot is exactly some committed prefix of the source. */
export function judge({ order, schemas }: Truth, seen: Observation): string[] {
  const found: string[] = [];
  let total = 0;
  for (const [writer, { count, latest }] of seen.writers) {
    total += count;
    if (count !== latest) found.push(`writer ${writer}: ${count} rows up to number ${latest}`);
  }
  if (total > order.length) found.push(`${total} rows, of which the source committed ${order.length}`);
  const prefix = summary(order.slice(0, total));
  for (const writer of new Set([...seen.writers.keys(), ...prefix.counts.keys()])) {
    const [is, should] = [seen.writers.get(writer)?.count ?? 0, prefix.counts.get(writer) ?? 0];
    if (is !== should) found.push(`writer ${writer}: ${is} commits, the first ${total} of the source hold ${should}`);
  }
  const migrations = prefix.counts.get(MIGRATOR) ?? 0;
  if (seen.schema !== schemas.get(migrations)) found.push(`the schema is not the one after migration ${migrations}`);
  if (seen.history !== total - migrations)
    found.push(`${seen.history} rows of history for ${total - migrations} commits`);
  if (seen.unbalanced !== 0) found.push(`${seen.unbalanced} balances are not the sum of their history`);
  if (seen.tickets !== prefix.tickets) found.push(`${seen.tickets} tickets in the log instead of ${prefix.tickets}`);
  if (seen.ticket !== prefix.tickets) found.push(`the ticket stands at ${seen.ticket} instead of ${prefix.tickets}`);
  if (seen.digest !== prefix.digest) found.push(`the digest is not the one of ticket ${prefix.tickets}`);
  return found;
}

function summary(entries: readonly LogEntry[]): { counts: Map<number, number>; tickets: number; digest: string } {
  const counts = new Map<number, number>();
  let tickets = 0;
  let digest = '';
  for (const entry of entries) {
    counts.set(entry.writer, (counts.get(entry.writer) ?? 0) + 1);
    if (entry.ticket === null) continue;
    tickets++;
    digest = entry.digest ?? '';
  }
  return { counts, tickets, digest };
}
