/**
 * Settings that decide how values are printed and read. Given as startup options and not by SET: user code may RESET ALL, and comes back to
 * these.
 */
const VALUES: Readonly<Record<string, string>> = {
  search_path: 'pg_catalog,pg_temp',
  DateStyle: 'ISO,MDY',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  extra_float_digits: '3',
  bytea_output: 'hex',
  lc_monetary: 'C',
  xmlbinary: 'base64',
  row_security: 'off',
  standard_conforming_strings: 'on',
  quote_all_identifiers: 'off',
  client_min_messages: 'warning',
  statement_timeout: '0',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
};

/** A superuser's settings; a role may be granted them one by one from PostgreSQL 15 on. */
const MESSAGES_IN_ENGLISH = '-c lc_messages=C';
const REPLICA_ROLE = '-c session_replication_role=replica';

const COMMON = Object.entries(VALUES)
  .map(([name, value]) => `-c ${name}=${value.replaceAll(/[\\ ]/g, '\\$&')}`)
  .join(' ');

/** `options` of a connection that reads catalogs or rows. */
export const READING_OPTIONS = COMMON;

/**
 * `options` of the connection that applies, best first: with the replica role the target's triggers, rules and foreign keys stay silent, as
 * the source ran them already.
 */
export const APPLY_OPTIONS: readonly { readonly options: string; readonly replicaRole: boolean }[] = [
  { options: `${COMMON} ${MESSAGES_IN_ENGLISH} ${REPLICA_ROLE}`, replicaRole: true },
  { options: `${COMMON} ${REPLICA_ROLE}`, replicaRole: true },
  { options: COMMON, replicaRole: false },
];
