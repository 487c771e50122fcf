import type { ToolSession, Migrations, Tool, ToolHistory } from './tool-history.ts';

/** The tool's own schema: its books, and an event trigger that it may make where it is a superuser; here the plain parts. */
const BOOKS = `CREATE SCHEMA IF NOT EXISTS pgroll;
CREATE TABLE IF NOT EXISTS pgroll.migrations (
  schema name NOT NULL,
  name text NOT NULL,
  migration jsonb NOT NULL,
  created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  parent text,
  done boolean NOT NULL DEFAULT FALSE,
  resulting_schema jsonb NOT NULL DEFAULT '{}'::jsonb,
  PRIMARY KEY (schema, name),
  FOREIGN KEY (schema, parent) REFERENCES pgroll.migrations (schema, name)
);
CREATE UNIQUE INDEX IF NOT EXISTS only_one_active ON pgroll.migrations (schema, name, done) WHERE done = FALSE;
CREATE UNIQUE INDEX IF NOT EXISTS only_first_migration_without_parent ON pgroll.migrations ((1)) WHERE parent IS NULL;
CREATE OR REPLACE FUNCTION pgroll.is_active_migration_period(schemaname name) RETURNS boolean AS $$
  SELECT EXISTS (SELECT 1 FROM pgroll.migrations WHERE schema = schemaname AND done = FALSE)
$$ LANGUAGE SQL STABLE;
CREATE OR REPLACE FUNCTION pgroll.previous_version(schemaname name) RETURNS text AS $$
  WITH RECURSIVE ancestors AS (
    SELECT name, schema, parent, 0 AS depth FROM pgroll.migrations WHERE name = (SELECT name FROM pgroll.migrations WHERE schema = schemaname ORDER BY created_at DESC LIMIT 1)
    UNION ALL
    SELECT m.name, m.schema, m.parent, a.depth + 1 FROM pgroll.migrations m JOIN ancestors a ON m.name = a.parent AND m.schema = a.schema
  ) SELECT name FROM ancestors WHERE depth = 1
$$ LANGUAGE SQL STABLE;`;

/** Statements between lines of dashes; each phase notes itself. A name that ends in `complete` closes what its `start` opened. */
const pgroll: Tool = {
  async begin({ client }) {
    await client.query(BOOKS);
  },
  async play(session, { name, up, alone }) {
    const phase = name.slice(name.lastIndexOf(' ') + 1);
    if (phase === 'start') await note(session, name);
    await session.client.query(`SET lock_timeout = '5000ms'`);
    if (alone === true) for (const statement of up.split(/;\n/)) await session.client.query(statement);
    else await session.client.query(`BEGIN; ${up}; COMMIT`);
    if (phase === 'complete') {
      await session.books.query(
        'UPDATE pgroll.migrations SET done = $1, updated_at = now() WHERE schema = $2 AND done = $3',
        ['true', 'public', 'false'],
      );
    }
  },
};

async function note({ books }: ToolSession, name: string): Promise<void> {
  await books.query(
    `INSERT INTO pgroll.migrations (schema, name, parent, migration) VALUES ($1, $2, (SELECT name FROM pgroll.migrations ORDER BY created_at DESC LIMIT 1), $3)`,
    ['public', name, JSON.stringify({ name, operations: [] })],
  );
}

interface Change {
  readonly table: string;
  readonly column: string;
  readonly type: string;
  /** Of the new column from the old ones, and back. */
  readonly up: string;
  readonly down: string;
  readonly constraint?: string;
  /** Columns of the version's view beside the changed one. */
  readonly others: readonly string[];
}

/** The operation `alter_column`: a second column, triggers both ways, backfill in batches, the new version's view; then the old column goes. */
function alterColumn(version: string, before: string, change: Change): Migrations {
  const { table, column, type, up, down, others, constraint } = change;
  const fresh = `_pgroll_new_${column}`;
  const trigger = `_pgroll_trigger_${table}_${column}`;
  const view = [...others.map((name) => `"${name}"`), `"${fresh}" AS "${column}"`].join(', ');
  const row = [...others, column].map((name) => `"${name}" ${table}."${name}"%TYPE := NEW."${name}";`).join(' ');
  const both = (
    name: string,
    onNew: boolean,
    expression: string,
    target: string,
  ): string => `CREATE OR REPLACE FUNCTION "${name}"() RETURNS TRIGGER LANGUAGE PLPGSQL AS $$
    DECLARE ${row} latest_schema text; search_path text;
    BEGIN
      SELECT current_setting('search_path') INTO search_path;
      IF (search_path = 'public_${version}') = ${onNew} THEN NEW."${target}" = ${expression}; END IF;
      RETURN NEW;
    END; $$`;
  return {
    [`${version} start`]: `ALTER TABLE "${table}" ADD COLUMN "${fresh}" ${type};
      ${both(trigger, false, up, fresh)};
      CREATE OR REPLACE TRIGGER "${trigger}" BEFORE UPDATE OR INSERT ON "${table}" FOR EACH ROW EXECUTE FUNCTION "${trigger}"();
      ${both(`_pgroll_trigger_${table}_${fresh}`, true, down.replaceAll('NEW', `NEW."${fresh}"`), column)};
      CREATE OR REPLACE TRIGGER "_pgroll_trigger_${table}_${fresh}" BEFORE UPDATE OR INSERT ON "${table}" FOR EACH ROW EXECUTE FUNCTION "_pgroll_trigger_${table}_${fresh}"();
      ${constraint === undefined ? '' : `ALTER TABLE "${table}" ADD CONSTRAINT "_pgroll_check_${column}" CHECK (${constraint.replaceAll('$', `"${fresh}"`)}) NOT VALID`}`,
    [`${version} version`]: `CREATE SCHEMA IF NOT EXISTS "public_${version}"; CREATE OR REPLACE VIEW "public_${version}"."${table}" AS SELECT ${view} FROM "public"."${table}"`,
    [`${version} backfill 1`]: `WITH batch AS (SELECT "id" FROM "${table}" ORDER BY "id" LIMIT 25 FOR NO KEY UPDATE) UPDATE "${table}" SET "id" = "${table}"."id" FROM batch WHERE "${table}"."id" = batch."id"`,
    [`${version} backfill 2`]: `WITH batch AS (SELECT "id" FROM "${table}" WHERE "id" > 20 ORDER BY "id" FOR NO KEY UPDATE), update AS (UPDATE "${table}" SET "id" = "${table}"."id" FROM batch WHERE "${table}"."id" = batch."id" RETURNING "${table}"."id") SELECT LAST_VALUE("id") OVER () FROM update`,
    [`${version} writes of the new version`]: `SET LOCAL search_path TO 'public_${version}'; UPDATE "public"."${table}" SET "${fresh}" = "${fresh}" WHERE "id" % 5 = 0; SET LOCAL search_path TO public`,
    ...(constraint === undefined
      ? {}
      : { [`${version} validate`]: `ALTER TABLE "${table}" VALIDATE CONSTRAINT "_pgroll_check_${column}"` }),
    [`${version} drop old schema`]: `DROP SCHEMA IF EXISTS "public_${before}" CASCADE`,
    [`${version} complete`]: `DROP FUNCTION IF EXISTS "${trigger}" CASCADE; DROP FUNCTION IF EXISTS "_pgroll_trigger_${table}_${fresh}" CASCADE;
      ${constraint === undefined ? '' : `ALTER TABLE "${table}" RENAME CONSTRAINT "_pgroll_check_${column}" TO "${table}_${column}_check";`}
      ALTER TABLE IF EXISTS "${table}" DROP COLUMN IF EXISTS "${column}" CASCADE;
      ALTER TABLE "${table}" RENAME COLUMN "${fresh}" TO "${column}";
      CREATE OR REPLACE VIEW "public_${version}"."${table}" AS SELECT ${view.replace(`"${fresh}" AS `, '')} FROM "public"."${table}"`,
  };
}

const migrations: Migrations = {
  '01_tables start': `CREATE TABLE "users" ("id" serial PRIMARY KEY, "name" varchar(255) NOT NULL, "review" text, "score" text DEFAULT '0'); CREATE TABLE "orders" ("id" bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, "user_id" int, "amount" numeric(10, 2) NOT NULL DEFAULT 0, "state" text NOT NULL DEFAULT 'new')`,
  '01_tables version': `CREATE SCHEMA "public_01_tables"; CREATE VIEW "public_01_tables"."users" AS SELECT "id", "name", "review", "score" FROM "users"; CREATE VIEW "public_01_tables"."orders" AS SELECT * FROM "orders"`,
  '01_tables rows': `INSERT INTO "users" ("name", "review") SELECT 'user ' || g, CASE WHEN g % 4 = 0 THEN NULL ELSE 'fine ' || g END FROM generate_series(1, 60) g; INSERT INTO "orders" ("user_id", "amount") SELECT "id", "id" * 1.5 FROM "users"`,
  '01_tables through the view': `INSERT INTO "public_01_tables"."users" ("name") VALUES ('by view'); UPDATE "public_01_tables"."orders" SET "state" = 'paid' WHERE "id" % 2 = 0`,
  '01_tables complete': 'SELECT 1',
  ...alterColumn('02_review_not_null', '01_tables', {
    table: 'users',
    column: 'review',
    type: 'text',
    up: `CASE WHEN "review" IS NULL THEN "name" || ' is good' ELSE "review" END`,
    down: 'NEW',
    constraint: '$ IS NOT NULL',
    others: ['id', 'name', 'score'],
  }),
  '02b set not null': `ALTER TABLE "users" ALTER COLUMN "review" SET NOT NULL; ALTER TABLE "users" DROP CONSTRAINT "users_review_check"`,
  ...alterColumn('03_score_type', '02_review_not_null', {
    table: 'users',
    column: 'score',
    type: `integer DEFAULT 0`,
    up: `CAST("score" AS integer) + 1`,
    down: `CAST(NEW AS text)`,
    constraint: '$ >= 0',
    others: ['id', 'name', 'review'],
  }),
  ...alterColumn('04_state_enum_like', '03_score_type', {
    table: 'orders',
    column: 'state',
    type: `varchar(8) DEFAULT 'new' NOT NULL`,
    up: `left("state", 8)`,
    down: `NEW || ''`,
    constraint: `$ IN ('new', 'paid', 'void')`,
    others: ['id', 'user_id', 'amount'],
  }),
  '05_index start': {
    up: `CREATE INDEX CONCURRENTLY "idx_users_name" ON "users" USING btree ("name") WITH (fillfactor = 70) WHERE (id > 0)`,
    alone: true,
  },
  '05_index complete': 'SELECT 1',
  '06_unique start': {
    up: `CREATE UNIQUE INDEX CONCURRENTLY "_pgroll_uniq_orders" ON "orders" ("user_id", "id")`,
    alone: true,
  },
  '06_unique complete': `ALTER TABLE "orders" ADD CONSTRAINT "orders_user_id_id_key" UNIQUE USING INDEX "_pgroll_uniq_orders"`,
  '07_foreign_key start': `ALTER TABLE "orders" ADD CONSTRAINT "fk_user" FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON DELETE CASCADE NOT VALID`,
  '07_foreign_key complete': `ALTER TABLE "orders" VALIDATE CONSTRAINT "fk_user"`,
  '07_cascade': `DELETE FROM "users" WHERE "id" BETWEEN 50 AND 55`,
  '08_raw_sql start': `CREATE TABLE "tags" ("id" int PRIMARY KEY, "label" text COLLATE "C" UNIQUE, "meta" jsonb DEFAULT '{}'); INSERT INTO "tags" SELECT g, 'tag ' || g FROM generate_series(1, 40) g`,
  '08_raw_sql complete': `INSERT INTO pgroll.migrations (schema, name, migration, parent, done) SELECT 'public', 'sql_' || substr(md5('raw'), 1, 15), '{"sql": "CREATE TABLE"}', max(name), true FROM pgroll.migrations`,
  ...alterColumn('09_label_upper', '04_state_enum_like', {
    table: 'tags',
    column: 'label',
    type: 'text COLLATE "C"',
    up: 'upper("label")',
    down: 'lower(NEW)',
    others: ['id', 'meta'],
  }),
  '10_rename start': `ALTER TABLE "tags" RENAME COLUMN "label" TO "caption"; CREATE SCHEMA "public_10_rename"; CREATE VIEW "public_10_rename"."labels" AS SELECT "id", "caption" FROM "tags"`,
  '10_rename complete': `DROP SCHEMA IF EXISTS "public_09_label_upper" CASCADE; ALTER TABLE "tags" RENAME TO "labels"; ALTER INDEX "tags_pkey" RENAME TO "labels_pkey"`,
  ...alterColumn('11_meta_array', '10_rename', {
    table: 'labels',
    column: 'meta',
    type: `jsonb DEFAULT '[]' NOT NULL`,
    up: `jsonb_build_array("meta")`,
    down: `NEW -> 0`,
    others: ['id', 'caption'],
  }),
  '12_rolled_back start': `ALTER TABLE "users" ADD COLUMN "_pgroll_new_gone" int; CREATE SCHEMA "public_12_rolled_back"; CREATE VIEW "public_12_rolled_back"."users" AS SELECT *, "_pgroll_new_gone" AS "gone" FROM "users"`,
  '12_rolled_back rollback': `DROP SCHEMA IF EXISTS "public_12_rolled_back" CASCADE; ALTER TABLE "users" DROP COLUMN IF EXISTS "_pgroll_new_gone"; DELETE FROM pgroll.migrations WHERE NOT done`,
  '13_drop_column start': `CREATE SCHEMA "public_13_drop_column"; CREATE VIEW "public_13_drop_column"."orders" AS SELECT "id", "user_id", "state" FROM "orders"; CREATE FUNCTION "_pgroll_down"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW."amount" IS NULL THEN NEW."amount" := 1; END IF; RETURN NEW; END $$; CREATE TRIGGER "_pgroll_down" BEFORE INSERT OR UPDATE ON "orders" FOR EACH ROW EXECUTE FUNCTION "_pgroll_down"()`,
  '13_drop_column writes': `INSERT INTO "public_13_drop_column"."orders" ("user_id") VALUES (1), (2)`,
  '13_drop_column complete': `DROP FUNCTION IF EXISTS "_pgroll_down" CASCADE; DROP SCHEMA IF EXISTS "public_11_meta_array" CASCADE; ALTER TABLE "orders" DROP COLUMN "amount"`,
  '14_add_column start': `ALTER TABLE "orders" ADD COLUMN "_pgroll_new_code" varchar(12) UNIQUE; CREATE SCHEMA "public_14_add_column"; CREATE VIEW "public_14_add_column"."orders" AS SELECT "id", "_pgroll_new_code" AS "code" FROM "orders"`,
  '14_add_column backfill': `UPDATE "orders" SET "_pgroll_new_code" = substr(md5("id"::text), 1, 12)`,
  '14_add_column complete': `ALTER TABLE "orders" RENAME COLUMN "_pgroll_new_code" TO "code"; ALTER TABLE "orders" ALTER COLUMN "code" SET DEFAULT substr(md5(random()::text), 1, 12); DROP SCHEMA "public_13_drop_column" CASCADE`,
  '15_comment start': `COMMENT ON TABLE "orders" IS 'after; fifteen'; COMMENT ON VIEW "public_14_add_column"."orders" IS 'a version'`,
  '15_comment complete': `GRANT USAGE ON SCHEMA "public_14_add_column" TO alice; GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA "public_14_add_column" TO alice, bob`,
  '16_replica_identity start': `ALTER TABLE "labels" REPLICA IDENTITY FULL; UPDATE "labels" SET "caption" = "caption" || '.' WHERE "id" < 5`,
  '16_replica_identity complete': `ALTER TABLE "labels" REPLICA IDENTITY DEFAULT`,
  '17_drop_table start': `DROP VIEW IF EXISTS "public_14_add_column"."orders"; ALTER TABLE "labels" RENAME TO "_pgroll_del_labels"`,
  '17_drop_table complete': `DROP TABLE IF EXISTS "_pgroll_del_labels" CASCADE`,
};

export const PGROLL: ToolHistory = {
  name: 'pgroll',
  tool: pgroll,
  migrations,
  writes: (n) => [
    `INSERT INTO "users" ("name") VALUES ('w${n}')`,
    `INSERT INTO "users" ("name", "review") VALUES ('x${n}', 'r')`,
    `INSERT INTO "orders" ("user_id", "state") VALUES (NULL, 'void')`,
    `UPDATE "users" SET "name" = "name" || '.' WHERE "id" % 8 = ${n % 8}`,
    `UPDATE "orders" SET "user_id" = NULL WHERE "id" = ${n}`,
    'SELECT 1',
  ],
};
