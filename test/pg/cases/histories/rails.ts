import { rails } from './statement-tools.ts';
import { alone, type Migrations, type ToolHistory } from './tool-history.ts';

const migrations: Migrations = {
  '20210101000001_create_users': `CREATE TABLE "users" ("id" bigserial primary key, "email" character varying DEFAULT '' NOT NULL, "encrypted_password" character varying, "admin" boolean DEFAULT FALSE NOT NULL, "created_at" timestamp(6) without time zone NOT NULL, "updated_at" timestamp(6) without time zone NOT NULL);
CREATE UNIQUE INDEX "index_users_on_email" ON "users" ("email");`,
  '20210101000002_create_teams': `CREATE TABLE "teams" ("id" bigserial primary key, "name" character varying, "created_at" timestamp(6) NOT NULL, "updated_at" timestamp(6) NOT NULL)`,
  '20210101000003_seed': `INSERT INTO "teams" ("name", "created_at", "updated_at") SELECT 'Team ' || g, now(), now() FROM generate_series(1, 10) g;
INSERT INTO "users" ("email", "created_at", "updated_at") SELECT 'user' || g || '@example.org', now(), now() FROM generate_series(1, 60) g;`,
  '20210101000004_add_reference': `ALTER TABLE "users" ADD "team_id" bigint;
CREATE INDEX "index_users_on_team_id" ON "users" ("team_id");
ALTER TABLE "users" ADD CONSTRAINT "fk_rails_b2bbf87303" FOREIGN KEY ("team_id") REFERENCES "teams" ("id");`,
  '20210101000005_join_teams': `UPDATE "users" SET "team_id" = (SELECT min("id") + "users"."id" % 5 FROM "teams")`,
  '20210101000006_change_table': `ALTER TABLE "users" ADD COLUMN "first_name" character varying, ADD COLUMN "last_name" character varying, ADD COLUMN "age" integer DEFAULT 18, ALTER COLUMN "email" TYPE character varying(320), ALTER COLUMN "encrypted_password" SET DEFAULT '';`,
  '20210101000007_concurrent_index': alone(
    `SET statement_timeout TO 0; CREATE INDEX CONCURRENTLY "index_users_on_last_name_and_first_name" ON "users" ("last_name", "first_name"); RESET statement_timeout`,
  ),
  '20210101000008_concurrent_unique': alone(
    `CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "index_teams_on_lower_name" ON "teams" (lower(name)) WHERE name <> ''`,
  ),
  '20210101000009_enum': `DO $$
BEGIN
    IF NOT EXISTS (
      SELECT 1
      FROM pg_type t
      JOIN pg_namespace n ON t.typnamespace = n.oid
      WHERE t.typname = 'status'
        AND n.nspname = ANY (current_schemas(false))
    ) THEN
        CREATE TYPE "status" AS ENUM ('draft', 'published', 'archived');
    END IF;
END
$$;
CREATE TABLE "posts" ("id" bigserial primary key, "title" character varying NOT NULL, "status" "status" DEFAULT 'draft' NOT NULL, "user_id" bigint NOT NULL, "body" text, "lock_version" integer DEFAULT 0 NOT NULL, CONSTRAINT "fk_rails_5b5ddfd518" FOREIGN KEY ("user_id") REFERENCES "users" ("id"));
CREATE INDEX "index_posts_on_user_id" ON "posts" ("user_id");`,
  '20210101000010_posts': `INSERT INTO "posts" ("title", "user_id") SELECT 'Post of ' || "email", "id" FROM "users"; UPDATE "posts" SET "status" = 'published', "lock_version" = "lock_version" + 1 WHERE "id" % 2 = 0`,
  '20210101000011_check_not_valid': `ALTER TABLE "users" ADD CONSTRAINT "age_is_positive" CHECK (age > 0) NOT VALID`,
  '20210101000012_validate_check': alone('ALTER TABLE "users" VALIDATE CONSTRAINT "age_is_positive"'),
  '20210101000013_not_null_by_check': `ALTER TABLE "users" ADD CONSTRAINT "users_age_null" CHECK (age IS NOT NULL) NOT VALID`,
  '20210101000014_not_null_swap': alone(
    `ALTER TABLE "users" VALIDATE CONSTRAINT "users_age_null"; ALTER TABLE "users" ALTER COLUMN "age" SET NOT NULL; ALTER TABLE "users" DROP CONSTRAINT "users_age_null"`,
  ),
  '20210101000015_uuid': `CREATE EXTENSION IF NOT EXISTS "pgcrypto";
CREATE TABLE "devices" ("id" uuid DEFAULT gen_random_uuid() NOT NULL PRIMARY KEY, "user_id" bigint, "token" character varying DEFAULT encode(gen_random_bytes(8), 'hex'), "meta" jsonb DEFAULT '{}' NOT NULL);`,
  '20210101000016_devices': `INSERT INTO "devices" ("user_id", "meta") SELECT "id", jsonb_build_object('os', 'ios', 'n', "id") FROM "users"`,
  '20210101000017_hstore': `CREATE EXTENSION IF NOT EXISTS "hstore"; ALTER TABLE "devices" ADD "settings" hstore DEFAULT '' NOT NULL; CREATE INDEX "index_devices_on_settings" ON "devices" USING gin ("settings"); UPDATE "devices" SET "settings" = '"a"=>"1", b=>NULL'`,
  '20210101000018_polymorphic': `CREATE TABLE "comments" ("id" bigserial primary key, "commentable_type" character varying NOT NULL, "commentable_id" bigint NOT NULL, "text" text, "position" integer);
CREATE INDEX "index_comments_on_commentable" ON "comments" ("commentable_type", "commentable_id");
INSERT INTO "comments" ("commentable_type", "commentable_id", "text") SELECT 'Post', "id", 'nice' FROM "posts";`,
  '20210101000019_counter_cache': `ALTER TABLE "posts" ADD "comments_count" integer DEFAULT 0 NOT NULL; UPDATE "posts" SET "comments_count" = (SELECT COUNT(*) FROM "comments" WHERE "commentable_id" = "posts"."id" AND "commentable_type" = 'Post')`,
  '20210101000020_habtm': `CREATE TABLE "posts_tags" ("post_id" bigint NOT NULL, "tag_id" bigint NOT NULL); CREATE TABLE "tags" ("id" serial primary key, "name" character varying(40));`,
  '20210101000021_tag_rows': `INSERT INTO "tags" ("name") VALUES ('ruby'), ('rails'), (NULL); INSERT INTO "posts_tags" SELECT "id", 1 + "id" % 3 FROM "posts"`,
  '20210101000022_rename_table': `ALTER TABLE "tags" RENAME TO "labels"; ALTER TABLE "public"."tags_id_seq" RENAME TO "labels_id_seq"; ALTER INDEX "tags_pkey" RENAME TO "labels_pkey"; ALTER TABLE "posts_tags" RENAME TO "labels_posts"; ALTER TABLE "labels_posts" RENAME COLUMN "tag_id" TO "label_id"`,
  '20210101000023_delete_without_key': `DELETE FROM "labels_posts" WHERE "label_id" = 3; UPDATE "labels_posts" SET "label_id" = 2 WHERE "post_id" % 2 = 0`,
  '20210101000024_bigint_pk': `ALTER TABLE "labels" ALTER COLUMN "id" TYPE bigint; ALTER SEQUENCE "labels_id_seq" AS bigint`,
  '20210101000025_composite_pk': `ALTER TABLE "labels_posts" ADD PRIMARY KEY ("post_id", "label_id")`,
  '20210101000026_add_value': alone(
    `ALTER TYPE "status" ADD VALUE IF NOT EXISTS 'pending' BEFORE 'published'; UPDATE "posts" SET "status" = 'pending' WHERE "id" % 7 = 0`,
  ),
  '20210101000027_rename_value': `ALTER TYPE "status" RENAME VALUE 'archived' TO 'retired'`,
  '20210101000028_rename_enum': `ALTER TYPE "status" RENAME TO "post_status"`,
  '20210101000029_integer_to_enum': `CREATE TYPE "tier" AS ENUM ('free', 'paid'); ALTER TABLE "teams" ADD "tier" integer DEFAULT 0; ALTER TABLE "teams" ALTER COLUMN "tier" DROP DEFAULT; ALTER TABLE "teams" ALTER COLUMN "tier" TYPE "tier" USING CASE "tier" WHEN 0 THEN 'free'::tier ELSE 'paid'::tier END; ALTER TABLE "teams" ALTER COLUMN "tier" SET DEFAULT 'free'`,
  '20210101000030_fk_not_valid': `ALTER TABLE "devices" ADD CONSTRAINT "fk_rails_410b63ef65" FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON DELETE CASCADE NOT VALID`,
  '20210101000031_fk_validate': alone(`ALTER TABLE "devices" VALIDATE CONSTRAINT "fk_rails_410b63ef65"`),
  '20210101000032_cascade': `DELETE FROM "posts" WHERE "user_id" IN (SELECT "id" FROM "users" WHERE "email" LIKE 'user5_@%'); DELETE FROM "users" WHERE "email" LIKE 'user5_@%'`,
  '20210101000033_generated': `ALTER TABLE "users" ADD "full_name" character varying GENERATED ALWAYS AS (coalesce(first_name, '') || ' ' || coalesce(last_name, '')) STORED`,
  '20210101000034_names': `UPDATE "users" SET "first_name" = 'F' || "id", "last_name" = split_part("email", '@', 1)`,
  '20210101000035_comments_on': `COMMENT ON TABLE "users" IS 'People; and bots'; COMMENT ON COLUMN "users"."age" IS 'In ''years'''; COMMENT ON INDEX "index_users_on_email" IS 'one each'`,
  '20210101000036_remove_index': alone('DROP INDEX CONCURRENTLY "index_users_on_last_name_and_first_name"'),
  '20210101000037_rename_index': `ALTER INDEX "index_users_on_team_id" RENAME TO "idx_users_team"`,
  '20210101000038_rename_column': `ALTER TABLE "users" RENAME COLUMN "encrypted_password" TO "password_digest"`,
  '20210101000039_change_null': `UPDATE "users" SET "password_digest"='x' WHERE "password_digest" IS NULL; ALTER TABLE "users" ALTER COLUMN "password_digest" SET NOT NULL`,
  '20210101000040_datetime_precision': `ALTER TABLE "users" ALTER COLUMN "created_at" TYPE timestamp(3), ALTER COLUMN "updated_at" TYPE timestamptz USING updated_at AT TIME ZONE 'UTC'`,
  '20210101000041_array_column': `ALTER TABLE "posts" ADD "keywords" character varying[] DEFAULT '{}' NOT NULL, ADD "span" daterange, ADD "ip" inet; UPDATE "posts" SET "keywords" = '{a,"b c",NULL}', "span" = '[2024-01-01,2024-02-01)', "ip" = '10.0.0.1/8'`,
  '20210101000042_exclusion': `ALTER TABLE "posts" ADD CONSTRAINT "no_empty_span" EXCLUDE USING gist (span WITH &&) WHERE (id < 0)`,
  '20210101000043_deferrable_unique': `ALTER TABLE "comments" ADD CONSTRAINT "unique_position" UNIQUE ("commentable_id", "position") DEFERRABLE INITIALLY DEFERRED; UPDATE "comments" SET "position" = "id"; UPDATE "comments" SET "position" = "position" + 1`,
  '20210101000044_unique_from_index': alone(
    `CREATE UNIQUE INDEX CONCURRENTLY "tmp_labels_name" ON "labels" ("name"); ALTER TABLE "labels" ADD CONSTRAINT "labels_name_key" UNIQUE USING INDEX "tmp_labels_name"`,
  ),
  '20210101000045_view': `CREATE VIEW "published_posts" AS SELECT p.*, u.email FROM posts p JOIN users u ON u.id = p.user_id WHERE p.status = 'published'`,
  '20210101000046_scenic_update': `DROP VIEW IF EXISTS "published_posts"; CREATE VIEW "published_posts" AS SELECT p.id, p.title, u.email FROM posts p JOIN users u ON u.id = p.user_id WHERE p.status <> 'draft'`,
  '20210101000047_scenic_materialized': `CREATE MATERIALIZED VIEW "team_sizes" AS SELECT team_id, count(*) AS size FROM users GROUP BY team_id WITH NO DATA; CREATE UNIQUE INDEX "team_sizes_id" ON "team_sizes" ("team_id")`,
  '20210101000048_refresh': `REFRESH MATERIALIZED VIEW "team_sizes"`,
  '20210101000049_refresh_concurrently': alone(`REFRESH MATERIALIZED VIEW CONCURRENTLY "team_sizes"`),
  '20210101000050_fx_function': `CREATE OR REPLACE FUNCTION posts_touch() RETURNS trigger LANGUAGE plpgsql AS $function$
BEGIN
  NEW.lock_version := NEW.lock_version + 1;
  RETURN NEW;
END
$function$;
CREATE TRIGGER posts_touch BEFORE UPDATE OF title ON posts FOR EACH ROW WHEN (OLD.title IS DISTINCT FROM NEW.title) EXECUTE FUNCTION posts_touch()`,
  '20210101000051_touch': `UPDATE "posts" SET "title" = "title" || '.' WHERE "id" % 4 = 0`,
  '20210101000052_foreign_key_swap': `ALTER TABLE "posts" DROP CONSTRAINT "fk_rails_5b5ddfd518"; ALTER TABLE "posts" ADD CONSTRAINT "fk_rails_5b5ddfd518" FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON UPDATE CASCADE ON DELETE RESTRICT DEFERRABLE INITIALLY IMMEDIATE`,
  '20210101000053_structure_sql': `SET statement_timeout = 0; SET lock_timeout = 0; SET check_function_bodies = false; SET xmloption = content; SET row_security = off;
SELECT pg_catalog.set_config('search_path', '', false);
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE FUNCTION public.later() RETURNS bigint LANGUAGE sql AS $$ select count(*) from public.made_later $$;
CREATE TABLE public.made_later (id integer NOT NULL, at timestamp without time zone DEFAULT CURRENT_TIMESTAMP);
CREATE SEQUENCE public.made_later_id_seq AS integer START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1;
ALTER SEQUENCE public.made_later_id_seq OWNED BY public.made_later.id;
ALTER TABLE ONLY public.made_later ALTER COLUMN id SET DEFAULT nextval('public.made_later_id_seq'::regclass);
ALTER TABLE ONLY public.made_later ADD CONSTRAINT made_later_pkey PRIMARY KEY (id);
CREATE INDEX made_later_at ON public.made_later USING btree (at);
SELECT pg_catalog.set_config('search_path', 'public', false);
SET search_path TO "$user", public; SET check_function_bodies = true`,
  '20210101000054_rows_of_it': `INSERT INTO "made_later" DEFAULT VALUES; INSERT INTO "made_later" ("at") SELECT now() FROM generate_series(1, 5)`,
  '20210101000055_partitions': `CREATE TABLE "events" ("id" bigserial, "at" date NOT NULL, "kind" text, PRIMARY KEY ("id", "at")) PARTITION BY RANGE ("at"); CREATE TABLE "events_2024" PARTITION OF "events" FOR VALUES FROM ('2024-01-01') TO ('2025-01-01'); CREATE TABLE "events_default" PARTITION OF "events" DEFAULT; CREATE INDEX "index_events_on_kind" ON "events" ("kind"); INSERT INTO "events" ("at", "kind") VALUES ('2024-05-05', 'a'), ('2031-01-01', 'b')`,
  '20210101000056_in_batches': alone(
    `UPDATE "users" SET "age" = 20 WHERE "id" IN (SELECT "id" FROM "users" WHERE "age" = 18 ORDER BY "id" LIMIT 20); UPDATE "users" SET "age" = 20 WHERE "id" IN (SELECT "id" FROM "users" WHERE "age" = 18 ORDER BY "id" LIMIT 20)`,
  ),
  '20210101000057_upsert': `INSERT INTO "labels" ("name") VALUES ('ruby'), ('new') ON CONFLICT ("name") DO UPDATE SET "name" = excluded."name" || ' again'`,
  '20210101000058_drop_column': {
    up: `ALTER TABLE "devices" DROP COLUMN "token"`,
    down: `ALTER TABLE "devices" ADD "token" character varying`,
  },
  '20210101000059_soft_delete': {
    up: `ALTER TABLE "posts" ADD "deleted_at" timestamp(6); CREATE INDEX "index_posts_on_deleted_at" ON "posts" ("deleted_at") WHERE deleted_at IS NULL`,
    down: `DROP INDEX "index_posts_on_deleted_at"; ALTER TABLE "posts" DROP COLUMN "deleted_at"`,
  },
  '20210101000060_timescale_less': {
    up: `CREATE TABLE "audits" ("id" bigserial primary key, "auditable" jsonb, "at" timestamp(6) DEFAULT now()); INSERT INTO "audits" ("auditable") SELECT to_jsonb(l) FROM labels l`,
    down: `DROP TABLE "audits"`,
  },
  '20210101000061_concurrently_and_back': alone(
    `CREATE INDEX CONCURRENTLY "index_users_on_age" ON "users" ("age" DESC NULLS LAST) INCLUDE ("email")`,
    `DROP INDEX CONCURRENTLY "index_users_on_age"`,
  ),
};

export const RAILS: ToolHistory = {
  name: 'Rails',
  tool: rails,
  migrations,
  writes: (n) => [
    `INSERT INTO "users" ("email", "created_at", "updated_at") VALUES ('w${n}@example.org', now(), now())`,
    `INSERT INTO "posts" ("title", "user_id") SELECT 'w${n}', max("id") FROM "users"`,
    `UPDATE "users" SET "admin" = NOT "admin" WHERE "id" % 4 = ${n % 4}`,
    `DELETE FROM "comments" WHERE "commentable_id" = ${n + 3}`,
    `UPDATE "schema_migrations" SET "version" = "version"`,
  ],
  downAndUp: 4,
};
