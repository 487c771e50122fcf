/**
 * Settings that a statement of the source depends on, with the values fixed for message version 1: what a message does not mention has these.
 * Part of the message format: a change needs a new version.
 */
export const FIXED_SETTINGS: Readonly<Record<string, string>> = {
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  standard_conforming_strings: 'on',
  default_tablespace: '',
  default_table_access_method: 'heap',
  default_toast_compression: 'pglz',
  xmloption: 'content',
  array_nulls: 'on',
  transform_null_equals: 'off',
  backslash_quote: 'safe_encoding',
  lc_monetary: 'C',
  default_text_search_config: 'pg_catalog.simple',
};
