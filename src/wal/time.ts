/** Milliseconds between 1970-01-01 and PostgreSQL's epoch, 2000-01-01 UTC, from which the wire counts. */
export const POSTGRES_EPOCH_MS = 946_684_800_000;
