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
  /** For `ignore` and `stop`: the reason a person reads. */
  readonly why?: string;
}

const VERBATIM: CommandClass = { replay: 'verbatim' };
const SUBSCRIBING: CommandClass = {
  replay: 'ignore',
  why: 'publications and subscriptions belong to their own server',
};
const LARGE_OBJECT: CommandClass = { replay: 'ignore', why: 'large objects are not in the stream' };
const PHYSICAL: CommandClass = { replay: 'ignore', why: 'changes storage only' };

/** Kinds of objects that ALTER, CREATE and DROP take alike. */
const OBJECTS = [
  'ACCESS METHOD',
  'AGGREGATE',
  'CAST',
  'COLLATION',
  'CONSTRAINT',
  'CONVERSION',
  'DOMAIN',
  'FOREIGN DATA WRAPPER',
  'FOREIGN TABLE',
  'FUNCTION',
  'INDEX',
  'LANGUAGE',
  'MATERIALIZED VIEW',
  'OPERATOR',
  'OPERATOR CLASS',
  'OPERATOR FAMILY',
  'POLICY',
  'PROCEDURE',
  'ROUTINE',
  'RULE',
  'SCHEMA',
  'SEQUENCE',
  'SERVER',
  'STATISTICS',
  'TABLE',
  'TEXT SEARCH CONFIGURATION',
  'TEXT SEARCH DICTIONARY',
  'TEXT SEARCH PARSER',
  'TEXT SEARCH TEMPLATE',
  'TRANSFORM',
  'TRIGGER',
  'TYPE',
  'USER MAPPING',
  'VIEW',
] as const;

/** Every tag that an event trigger of PostgreSQL 14 to 18 may report. */
export const COMMAND_CLASSES: ReadonlyMap<string, CommandClass> = new Map<string, CommandClass>([
  ...OBJECTS.flatMap((object) => ['ALTER', 'CREATE', 'DROP'].map((verb) => [`${verb} ${object}`, VERBATIM] as const)),
  ['CREATE TABLE AS', { replay: 'catalog' }],
  ['SELECT INTO', { replay: 'catalog' }],
  ['REFRESH MATERIALIZED VIEW', VERBATIM],
  ['COMMENT', VERBATIM],
  ['GRANT', VERBATIM],
  ['REVOKE', VERBATIM],
  ['ALTER DEFAULT PRIVILEGES', VERBATIM],
  ['SECURITY LABEL', VERBATIM],
  ['CREATE EXTENSION', { replay: 'extension' }],
  ['ALTER EXTENSION', { replay: 'extension' }],
  ['DROP EXTENSION', VERBATIM],
  ['DROP OWNED', { replay: 'owned' }],
  ['CREATE PUBLICATION', SUBSCRIBING],
  ['ALTER PUBLICATION', SUBSCRIBING],
  ['DROP PUBLICATION', SUBSCRIBING],
  ['CREATE SUBSCRIPTION', SUBSCRIBING],
  ['ALTER SUBSCRIPTION', SUBSCRIBING],
  ['DROP SUBSCRIPTION', SUBSCRIBING],
  ['ALTER LARGE OBJECT', LARGE_OBJECT],
  ['REINDEX', PHYSICAL],
  ['LOGIN', { replay: 'ignore', why: 'a login is no change' }],
  [
    'IMPORT FOREIGN SCHEMA',
    {
      replay: 'stop',
      why: 'it reads another server, which may answer differently now: create its foreign tables on the target by hand',
    },
  ],
]);
