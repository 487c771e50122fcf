import { describe, expect, it } from 'vitest';
import { primaryKeyColumns, uniqueIndexColumns } from './definition-columns.ts';

describe('primaryKeyColumns', () => {
  it.each([
    ['PRIMARY KEY (id)', ['id']],
    ['PRIMARY KEY (a, "B c", "say ""x"", )") INCLUDE (d)', ['a', 'B c', 'say "x", )']],
    ['PRIMARY KEY (größe, n) DEFERRABLE INITIALLY DEFERRED', ['größe', 'n']],
    ['UNIQUE (a)', null],
    ['FOREIGN KEY (a) REFERENCES t(id)', null],
  ])('%s', (definition, columns) => {
    expect(primaryKeyColumns(definition)).toEqual(columns);
  });
});

describe('uniqueIndexColumns', () => {
  it.each([
    ['CREATE UNIQUE INDEX x ON public.t USING btree (a, b)', ['a', 'b']],
    ['CREATE UNIQUE INDEX "X y" ON ONLY "S".t USING btree ("A ("" x") INCLUDE (c) NULLS NOT DISTINCT', ['A (" x']],
    ['CREATE UNIQUE INDEX x ON s.t USING btree (a COLLATE "C" text_pattern_ops DESC NULLS LAST, b)', ['a', 'b']],
    ['CREATE UNIQUE INDEX x ON s.t USING btree (a COLLATE pg_catalog."C")', ['a']],
    ["CREATE UNIQUE INDEX x ON s.t USING btree (a) WITH (fillfactor='70') TABLESPACE fast", ['a']],
    ['CREATE UNIQUE INDEX x ON s.t USING btree (a) WHERE (b IS NULL)', null],
    ['CREATE UNIQUE INDEX x ON s.t USING btree (lower(a))', null],
    ['CREATE UNIQUE INDEX x ON s.t USING btree (((a)::text))', null],
    ['CREATE INDEX x ON s.t USING btree (a)', null],
  ])('%s', (definition, columns) => {
    expect(uniqueIndexColumns(definition)).toEqual(columns);
  });
});
