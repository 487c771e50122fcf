/**
 * What is done with a command of a tag:
 * verbatim — its own statement, with the edits of `edit-statement.ts` where a clause cannot be repeated as it stands ·
 * catalog — built from the event's metadata, because the text says something else than what came of it ·
 * owned — the dropped objects one by one, then the privileges · extension — verbatim in the version that the source has ·
 * ignore — not part of what a target mirrors · stop — cannot be repeated
 */
export type Replay = 'verbatim' | 'catalog' | 'owned' | 'extension' | 'ignore' | 'stop';

export interface CommandClass {
  readonly replay: Replay;
  /** What a person should know of it; for `ignore` and `stop` the reason. */
  readonly why?: string;
  /** The first major version whose event triggers report it, where that is not the oldest supported one. */
  readonly since?: number;
  /** The last one. */
  readonly until?: number;
  /** The tag exists, a statement that bears it does not. */
  readonly unused?: true;
}

const VERBATIM: CommandClass = { replay: 'verbatim' };
const NO_STATEMENT: CommandClass = { replay: 'verbatim', unused: true };
const OTHER_SERVERS: CommandClass = {
  replay: 'ignore',
  why: 'publications and subscriptions belong to their own server',
};
const LARGE_OBJECT: CommandClass = { replay: 'ignore', why: 'large objects are not in the stream' };

/** Kinds of objects that no target has, as event triggers call them: COMMENT, GRANT and REVOKE on them are ignored too. */
export const IGNORED_OBJECTS: ReadonlySet<string> = new Set(['large object', 'publication', 'subscription']);

/** Every tag that an event trigger of PostgreSQL 14 to 18 may report. Held against the servers by a test. */
export const COMMAND_CLASSES: ReadonlyMap<string, CommandClass> = new Map<string, CommandClass>([
  ['ALTER ACCESS METHOD', NO_STATEMENT],
  ['ALTER AGGREGATE', VERBATIM],
  ['ALTER CAST', NO_STATEMENT],
  ['ALTER COLLATION', VERBATIM],
  ['ALTER CONSTRAINT', NO_STATEMENT],
  ['ALTER CONVERSION', VERBATIM],
  ['ALTER DEFAULT PRIVILEGES', VERBATIM],
  ['ALTER DOMAIN', VERBATIM],
  [
    'ALTER EXTENSION',
    { replay: 'extension', why: 'to the version of the source; an update whose script writes rows stops' },
  ],
  ['ALTER FOREIGN DATA WRAPPER', VERBATIM],
  ['ALTER FOREIGN TABLE', VERBATIM],
  ['ALTER FUNCTION', VERBATIM],
  ['ALTER INDEX', VERBATIM],
  ['ALTER LANGUAGE', VERBATIM],
  ['ALTER LARGE OBJECT', LARGE_OBJECT],
  ['ALTER MATERIALIZED VIEW', VERBATIM],
  ['ALTER OPERATOR', VERBATIM],
  ['ALTER OPERATOR CLASS', VERBATIM],
  ['ALTER OPERATOR FAMILY', VERBATIM],
  ['ALTER POLICY', VERBATIM],
  ['ALTER PROCEDURE', VERBATIM],
  ['ALTER PUBLICATION', OTHER_SERVERS],
  ['ALTER ROUTINE', VERBATIM],
  ['ALTER RULE', VERBATIM],
  ['ALTER SCHEMA', VERBATIM],
  ['ALTER SEQUENCE', VERBATIM],
  ['ALTER SERVER', VERBATIM],
  ['ALTER STATISTICS', VERBATIM],
  ['ALTER SUBSCRIPTION', OTHER_SERVERS],
  [
    'ALTER TABLE',
    {
      replay: 'verbatim',
      why: 'defaults frozen as on the source, rewritten rows from the source, ENABLE ALWAYS and REPLICA as ENABLE, DETACH CONCURRENTLY plainly',
    },
  ],
  ['ALTER TEXT SEARCH CONFIGURATION', VERBATIM],
  ['ALTER TEXT SEARCH DICTIONARY', VERBATIM],
  ['ALTER TEXT SEARCH PARSER', VERBATIM],
  ['ALTER TEXT SEARCH TEMPLATE', VERBATIM],
  ['ALTER TRANSFORM', NO_STATEMENT],
  ['ALTER TRIGGER', VERBATIM],
  ['ALTER TYPE', VERBATIM],
  ['ALTER USER MAPPING', VERBATIM],
  ['ALTER VIEW', VERBATIM],
  ['COMMENT', { replay: 'verbatim', why: 'of databases, roles and tablespaces: not reported' }],
  ['CREATE ACCESS METHOD', VERBATIM],
  ['CREATE AGGREGATE', VERBATIM],
  ['CREATE CAST', VERBATIM],
  ['CREATE COLLATION', VERBATIM],
  ['CREATE CONSTRAINT', NO_STATEMENT],
  ['CREATE CONVERSION', VERBATIM],
  ['CREATE DOMAIN', VERBATIM],
  [
    'CREATE EXTENSION',
    {
      replay: 'extension',
      why: 'in the version of the source; its members with it; rows of its script from the stream',
    },
  ],
  ['CREATE FOREIGN DATA WRAPPER', VERBATIM],
  ['CREATE FOREIGN TABLE', VERBATIM],
  ['CREATE FUNCTION', VERBATIM],
  ['CREATE INDEX', { replay: 'verbatim', why: 'by the name that the source chose, CONCURRENTLY as configured' }],
  ['CREATE LANGUAGE', VERBATIM],
  ['CREATE MATERIALIZED VIEW', { replay: 'verbatim', why: 'filled by the target from its own rows' }],
  ['CREATE OPERATOR', VERBATIM],
  ['CREATE OPERATOR CLASS', VERBATIM],
  ['CREATE OPERATOR FAMILY', VERBATIM],
  ['CREATE POLICY', VERBATIM],
  ['CREATE PROCEDURE', VERBATIM],
  ['CREATE PUBLICATION', OTHER_SERVERS],
  ['CREATE ROUTINE', NO_STATEMENT],
  ['CREATE RULE', VERBATIM],
  ['CREATE SCHEMA', VERBATIM],
  ['CREATE SEQUENCE', VERBATIM],
  ['CREATE SERVER', VERBATIM],
  ['CREATE STATISTICS', VERBATIM],
  ['CREATE SUBSCRIPTION', OTHER_SERVERS],
  ['CREATE TABLE', VERBATIM],
  ['CREATE TABLE AS', { replay: 'catalog', why: 'columns from the catalog, rows from the stream' }],
  ['CREATE TEXT SEARCH CONFIGURATION', VERBATIM],
  ['CREATE TEXT SEARCH DICTIONARY', VERBATIM],
  ['CREATE TEXT SEARCH PARSER', VERBATIM],
  ['CREATE TEXT SEARCH TEMPLATE', VERBATIM],
  ['CREATE TRANSFORM', VERBATIM],
  ['CREATE TRIGGER', VERBATIM],
  ['CREATE TYPE', VERBATIM],
  ['CREATE USER MAPPING', VERBATIM],
  ['CREATE VIEW', VERBATIM],
  ['DROP ACCESS METHOD', VERBATIM],
  ['DROP AGGREGATE', VERBATIM],
  ['DROP CAST', VERBATIM],
  ['DROP COLLATION', VERBATIM],
  ['DROP CONSTRAINT', NO_STATEMENT],
  ['DROP CONVERSION', VERBATIM],
  ['DROP DOMAIN', VERBATIM],
  ['DROP EXTENSION', VERBATIM],
  ['DROP FOREIGN DATA WRAPPER', VERBATIM],
  ['DROP FOREIGN TABLE', VERBATIM],
  ['DROP FUNCTION', VERBATIM],
  ['DROP INDEX', { replay: 'verbatim', why: 'CONCURRENTLY as configured' }],
  ['DROP LANGUAGE', VERBATIM],
  ['DROP MATERIALIZED VIEW', VERBATIM],
  ['DROP OPERATOR', VERBATIM],
  ['DROP OPERATOR CLASS', VERBATIM],
  ['DROP OPERATOR FAMILY', VERBATIM],
  ['DROP OWNED', { replay: 'owned', why: 'the objects that the source dropped one by one, then the rights' }],
  ['DROP POLICY', VERBATIM],
  ['DROP PROCEDURE', VERBATIM],
  ['DROP PUBLICATION', OTHER_SERVERS],
  ['DROP ROUTINE', VERBATIM],
  ['DROP RULE', VERBATIM],
  ['DROP SCHEMA', VERBATIM],
  ['DROP SEQUENCE', VERBATIM],
  ['DROP SERVER', VERBATIM],
  ['DROP STATISTICS', VERBATIM],
  ['DROP SUBSCRIPTION', OTHER_SERVERS],
  ['DROP TABLE', VERBATIM],
  ['DROP TEXT SEARCH CONFIGURATION', VERBATIM],
  ['DROP TEXT SEARCH DICTIONARY', VERBATIM],
  ['DROP TEXT SEARCH PARSER', VERBATIM],
  ['DROP TEXT SEARCH TEMPLATE', VERBATIM],
  ['DROP TRANSFORM', VERBATIM],
  ['DROP TRIGGER', VERBATIM],
  ['DROP TYPE', VERBATIM],
  ['DROP USER MAPPING', VERBATIM],
  ['DROP VIEW', VERBATIM],
  ['GRANT', { replay: 'verbatim', why: 'on objects; that of a role in a role has a tag of its own' }],
  [
    'IMPORT FOREIGN SCHEMA',
    {
      replay: 'stop',
      why: 'it reads another server, which may answer differently now: create its foreign tables on the target by hand',
    },
  ],
  ['LOGIN', { replay: 'ignore', why: 'a login is no change', since: 17 }],
  ['REFRESH MATERIALIZED VIEW', { replay: 'verbatim', why: 'filled by the target from its own rows' }],
  ['REINDEX', { replay: 'ignore', why: 'changes storage only', since: 17 }],
  ['REVOKE', { replay: 'verbatim', why: 'on objects; that of a role in a role has a tag of its own' }],
  ['SECURITY LABEL', { replay: 'verbatim', why: 'the target needs the same provider' }],
  ['SELECT INTO', { replay: 'catalog', why: 'columns from the catalog, rows from the stream' }],
]);
