import { typeorm } from './statement-tools.ts';
import type { Migration, Migrations, ToolHistory } from './tool-history.ts';

const both = (up: string, down: string): Migration => ({ up, down });

/** How TypeORM changes the values of an enum. */
function enumSwap(table: string, column: string, type: string, values: string, fallback: string): string {
  return `ALTER TYPE "public"."${type}" RENAME TO "${type}_old";
    CREATE TYPE "public"."${type}" AS ENUM(${values});
    ALTER TABLE "${table}" ALTER COLUMN "${column}" DROP DEFAULT;
    ALTER TABLE "${table}" ALTER COLUMN "${column}" TYPE "public"."${type}" USING "${column}"::"text"::"public"."${type}";
    ALTER TABLE "${table}" ALTER COLUMN "${column}" SET DEFAULT '${fallback}';
    DROP TYPE "public"."${type}_old"`;
}

const migrations: Migrations = {
  Init1600000000001: `CREATE EXTENSION IF NOT EXISTS "uuid-ossp";
    CREATE TABLE "user" ("id" uuid NOT NULL DEFAULT uuid_generate_v4(), "firstName" character varying NOT NULL, "lastName" character varying NOT NULL, "age" integer NOT NULL, "isActive" boolean NOT NULL DEFAULT true, CONSTRAINT "PK_cace4a159ff9f2512dd42373760" PRIMARY KEY ("id"))`,
  Photo1600000000002: `CREATE TABLE "photo" ("id" SERIAL NOT NULL, "url" character varying(500) NOT NULL, "userId" uuid, CONSTRAINT "PK_723fa50bf70dcfd06fb5a44d4ff" PRIMARY KEY ("id"));
    ALTER TABLE "photo" ADD CONSTRAINT "FK_4494006ff358f754d07df5ccc87" FOREIGN KEY ("userId") REFERENCES "user"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
  Seed1600000000003: `INSERT INTO "user" ("firstName", "lastName", "age") SELECT 'First' || g, 'Last' || g, 20 + g FROM generate_series(1, 40) g;
    INSERT INTO "photo" ("url", "userId") SELECT 'https://example.org/' || "age", "id" FROM "user"`,
  Role1600000000004: `CREATE TYPE "public"."user_role_enum" AS ENUM('admin', 'user'); ALTER TABLE "user" ADD "role" "public"."user_role_enum" NOT NULL DEFAULT 'user'`,
  RoleSwap1600000000005: enumSwap('user', 'role', 'user_role_enum', `'admin', 'user', 'ghost'`, 'ghost'),
  RoleUse1600000000006: `UPDATE "user" SET "role" = 'ghost' WHERE "age" % 3 = 0`,
  RoleSwapBack1600000000007: `UPDATE "user" SET "role" = 'user' WHERE "role" = 'ghost'; ${enumSwap('user', 'role', 'user_role_enum', `'user', 'admin', 'guest'`, 'user')}`,
  Dates1600000000008: `ALTER TABLE "user" ADD "createdAt" TIMESTAMP NOT NULL DEFAULT now(); ALTER TABLE "user" ADD "updatedAt" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT ('now'::text)::timestamp(6) with time zone; ALTER TABLE "user" ADD "deletedAt" TIMESTAMP`,
  DropAndAdd1600000000009: `ALTER TABLE "user" DROP COLUMN "age"; ALTER TABLE "user" ADD "age" smallint NOT NULL DEFAULT '7'`,
  Unique1600000000010: `ALTER TABLE "user" ADD "email" character varying; UPDATE "user" SET "email" = "id" || '@example.org'; ALTER TABLE "user" ADD CONSTRAINT "UQ_e12875dfb3b1d92d7d7c5377e22" UNIQUE ("email")`,
  Index1600000000011: `CREATE INDEX "IDX_firstName_lastName" ON "user" ("firstName", "lastName") ; CREATE UNIQUE INDEX "IDX_active_email" ON "user" ("email") WHERE "isActive" = true`,
  ManyToMany1600000000012: `CREATE TABLE "album" ("id" BIGSERIAL NOT NULL, "name" text NOT NULL, CONSTRAINT "PK_album" PRIMARY KEY ("id")); CREATE TABLE "album_photos_photo" ("albumId" bigint NOT NULL, "photoId" integer NOT NULL, CONSTRAINT "PK_b9875cb0f5e4e0d3c0a5e8e8b1a" PRIMARY KEY ("albumId", "photoId"));
    CREATE INDEX "IDX_album" ON "album_photos_photo" ("albumId"); CREATE INDEX "IDX_photo" ON "album_photos_photo" ("photoId");
    ALTER TABLE "album_photos_photo" ADD CONSTRAINT "FK_album" FOREIGN KEY ("albumId") REFERENCES "album"("id") ON DELETE CASCADE ON UPDATE CASCADE; ALTER TABLE "album_photos_photo" ADD CONSTRAINT "FK_photo" FOREIGN KEY ("photoId") REFERENCES "photo"("id") ON DELETE CASCADE ON UPDATE CASCADE`,
  Albums1600000000013: `INSERT INTO "album" ("name") VALUES ('one'), ('two'); INSERT INTO "album_photos_photo" SELECT a."id", p."id" FROM "album" a, "photo" p`,
  View1600000000014: `CREATE VIEW "user_photos" AS SELECT "user"."id" AS "id", count("photo"."id") AS "photos" FROM "user" LEFT JOIN "photo" ON "photo"."userId" = "user"."id" GROUP BY "user"."id";
    INSERT INTO "typeorm_metadata"("database", "schema", "table", "type", "name", "value") VALUES (DEFAULT, 'public', DEFAULT, 'VIEW', 'user_photos', 'SELECT 1')`,
  ViewAgain1600000000015: `DELETE FROM "typeorm_metadata" WHERE "type" = 'VIEW' AND "name" = 'user_photos' AND "schema" = 'public'; DROP VIEW "user_photos"; CREATE VIEW "user_photos" AS SELECT "userId", count(*) AS "n" FROM "photo" GROUP BY 1`,
  MaterializedView1600000000016: `CREATE MATERIALIZED VIEW "album_size" AS SELECT "albumId", count(*) AS "n" FROM "album_photos_photo" GROUP BY "albumId"; CREATE INDEX "IDX_album_size" ON "album_size" ("albumId")`,
  Generated1600000000017: `INSERT INTO "typeorm_metadata"("database", "schema", "table", "type", "name", "value") VALUES ('db', 'public', 'user', 'GENERATED_COLUMN', 'fullName', '"firstName" || "lastName"'); ALTER TABLE "user" ADD "fullName" character varying GENERATED ALWAYS AS ("firstName" || "lastName") STORED NOT NULL`,
  GeneratedAgain1600000000018: `ALTER TABLE "user" DROP COLUMN "fullName"; ALTER TABLE "user" ADD "fullName" character varying GENERATED ALWAYS AS ("firstName" || ' ' || "lastName") STORED`,
  Check1600000000019: `ALTER TABLE "user" ADD CONSTRAINT "CHK_age" CHECK ("age" >= 0 AND "age" < 200)`,
  Exclusion1600000000020: `CREATE TABLE "booking" ("id" SERIAL NOT NULL, "from" integer NOT NULL, "to" integer NOT NULL, CONSTRAINT "PK_booking" PRIMARY KEY ("id"), CONSTRAINT "XCL_booking" EXCLUDE USING gist (int4range("from", "to") WITH &&)); INSERT INTO "booking" ("from", "to") SELECT g * 10, g * 10 + 5 FROM generate_series(1, 20) g`,
  Comments1600000000021: `COMMENT ON COLUMN "user"."email" IS 'where; we write'; COMMENT ON TABLE "user" IS 'People'; COMMENT ON TABLE "album" IS NULL`,
  SimpleJson1600000000022: `ALTER TABLE "user" ADD "profile" jsonb NOT NULL DEFAULT '{"a": [1, 2]}'; ALTER TABLE "user" ADD "names" text array NOT NULL DEFAULT ARRAY['x']; ALTER TABLE "user" ADD "tags" character varying array NOT NULL DEFAULT '{}'`,
  Profile1600000000023: `UPDATE "user" SET "profile" = jsonb_set("profile", '{b}', to_jsonb(coalesce("email", ''))), "tags" = ARRAY["firstName", NULL, 'ü"\\']`,
  RenameTable1600000000024: `ALTER TABLE "photo" RENAME TO "picture"; ALTER TABLE "picture" RENAME CONSTRAINT "PK_723fa50bf70dcfd06fb5a44d4ff" TO "PK_31ccf37c74bae202e771c0c2a38"; ALTER SEQUENCE "photo_id_seq" RENAME TO "picture_id_seq"`,
  RenameColumn1600000000025: `ALTER TABLE "picture" RENAME COLUMN "url" TO "href"; ALTER TABLE "user" RENAME CONSTRAINT "UQ_e12875dfb3b1d92d7d7c5377e22" TO "UQ_email"`,
  ChangeType1600000000026: `ALTER TABLE "picture" ALTER COLUMN "href" TYPE text; ALTER TABLE "picture" ALTER COLUMN "href" SET NOT NULL`,
  PrimaryKeySwap1600000000027: `ALTER TABLE "album_photos_photo" DROP CONSTRAINT "FK_photo"; ALTER TABLE "picture" DROP CONSTRAINT "PK_31ccf37c74bae202e771c0c2a38"; ALTER TABLE "picture" ADD "uid" uuid NOT NULL DEFAULT uuid_generate_v4(); ALTER TABLE "picture" ADD CONSTRAINT "PK_picture" PRIMARY KEY ("id", "uid"); ALTER TABLE "picture" DROP CONSTRAINT "PK_picture"; ALTER TABLE "picture" ADD CONSTRAINT "PK_picture_id" PRIMARY KEY ("id"); ALTER TABLE "album_photos_photo" ADD CONSTRAINT "FK_photo" FOREIGN KEY ("photoId") REFERENCES "picture"("id") ON DELETE CASCADE ON UPDATE NO ACTION`,
  Tree1600000000028: `CREATE TABLE "category" ("id" integer GENERATED BY DEFAULT AS IDENTITY NOT NULL, "name" character varying NOT NULL, "parentId" integer, "mpath" character varying DEFAULT '', CONSTRAINT "PK_category" PRIMARY KEY ("id")); ALTER TABLE "category" ADD CONSTRAINT "FK_parent" FOREIGN KEY ("parentId") REFERENCES "category"("id") DEFERRABLE INITIALLY DEFERRED`,
  TreeRows1600000000029: `INSERT INTO "category" ("id", "name", "parentId") VALUES (3, 'c', 2), (2, 'b', 1), (1, 'a', NULL); SELECT setval('"category_id_seq"', 10)`,
  Closure1600000000030: `CREATE TABLE "category_closure" ("id_ancestor" integer NOT NULL, "id_descendant" integer NOT NULL, CONSTRAINT "PK_closure" PRIMARY KEY ("id_ancestor", "id_descendant")); WITH RECURSIVE t AS (SELECT "id" AS a, "id" AS d FROM "category" UNION SELECT t.a, c."id" FROM t JOIN "category" c ON c."parentId" = t.d) INSERT INTO "category_closure" SELECT a, d FROM t`,
  Inheritance1600000000031: `ALTER TABLE "category" ADD "type" character varying NOT NULL DEFAULT 'Category'; ALTER TABLE "category" ALTER COLUMN "type" DROP DEFAULT; CREATE INDEX "IDX_type" ON "category" ("type")`,
  Schema1600000000032: `CREATE SCHEMA IF NOT EXISTS "crm"; CREATE TABLE "crm"."lead" ("id" SERIAL NOT NULL, "score" numeric(5,2), "budget" money, "point" point, "box" box, CONSTRAINT "PK_lead" PRIMARY KEY ("id"))`,
  Leads1600000000033: `INSERT INTO "crm"."lead" ("score", "budget", "point", "box") SELECT g / 3.0, g, point(g, g), box(point(0, 0), point(g, 1)) FROM generate_series(1, 9) g; CREATE INDEX "IDX_box" ON "crm"."lead" USING GiST ("box")`,
  EnumArray1600000000034: `CREATE TYPE "crm"."lead_flags_enum" AS ENUM('hot', 'cold'); ALTER TABLE "crm"."lead" ADD "flags" "crm"."lead_flags_enum" array NOT NULL DEFAULT '{hot}'`,
  EnumArraySwap1600000000035: `ALTER TYPE "crm"."lead_flags_enum" RENAME TO "lead_flags_enum_old"; CREATE TYPE "crm"."lead_flags_enum" AS ENUM('hot', 'cold', 'lost'); ALTER TABLE "crm"."lead" ALTER COLUMN "flags" DROP DEFAULT; ALTER TABLE "crm"."lead" ALTER COLUMN "flags" TYPE "crm"."lead_flags_enum"[] USING "flags"::"text"::"crm"."lead_flags_enum"[]; ALTER TABLE "crm"."lead" ALTER COLUMN "flags" SET DEFAULT '{hot}'; DROP TYPE "crm"."lead_flags_enum_old"; UPDATE "crm"."lead" SET "flags" = '{lost,hot}' WHERE "id" > 4`,
  VarcharLength1600000000036: `ALTER TABLE "user" DROP COLUMN "lastName" CASCADE; ALTER TABLE "user" ADD "lastName" character varying(20) COLLATE "C" NOT NULL DEFAULT 'none'`,
  Nullable1600000000037: `ALTER TABLE "user" ALTER COLUMN "lastName" DROP NOT NULL; ALTER TABLE "user" ALTER COLUMN "lastName" DROP DEFAULT; UPDATE "user" SET "lastName" = NULL WHERE "role" = 'user' AND "email" LIKE '%1@%'`,
  Spatial1600000000038: `ALTER TABLE "user" ADD "place" point, ADD "ip" inet, ADD "span" tstzrange, ADD "bits" bit(4) NOT NULL DEFAULT B'1010', ADD "raw" bytea; UPDATE "user" SET "raw" = decode(md5("email"), 'hex'), "span" = '[2024-01-01,infinity)'`,
  Trigger1600000000039: `CREATE OR REPLACE FUNCTION "touch"() RETURNS TRIGGER AS $BODY$ BEGIN NEW."updatedAt" = '2024-05-05Z'; RETURN NEW; END; $BODY$ LANGUAGE plpgsql; CREATE TRIGGER "user_touch" BEFORE UPDATE ON "user" FOR EACH ROW EXECUTE PROCEDURE "touch"()`,
  TriggerUse1600000000040: `UPDATE "user" SET "isActive" = false WHERE "email" LIKE '%2@%'`,
  LongNames1600000000041: `CREATE TABLE "a_table_whose_name_is_as_long_as_any_name_of_postgres_may_be_123" ("a_column_whose_name_is_as_long_as_any_name_of_postgres_may_be_12" integer NOT NULL, CONSTRAINT "PK_long" PRIMARY KEY ("a_column_whose_name_is_as_long_as_any_name_of_postgres_may_be_12")); INSERT INTO "a_table_whose_name_is_as_long_as_any_name_of_postgres_may_be_123" VALUES (1)`,
  Fulltext1600000000042: `ALTER TABLE "album" ADD "document" tsvector GENERATED ALWAYS AS (to_tsvector('simple', "name")) STORED; CREATE INDEX "IDX_doc" ON "album" USING gin ("document")`,
  SetNull1600000000043: `ALTER TABLE "picture" DROP CONSTRAINT "FK_4494006ff358f754d07df5ccc87"; ALTER TABLE "picture" ADD CONSTRAINT "FK_user" FOREIGN KEY ("userId") REFERENCES "user"("id") ON DELETE SET NULL ON UPDATE CASCADE; DELETE FROM "user" WHERE "email" LIKE '%3@%'`,
  DefaultFunction1600000000044: `ALTER TABLE "user" ADD "token" character varying NOT NULL DEFAULT md5(random()::text || clock_timestamp()::text)`,
  Serial1600000000045: `CREATE SEQUENCE IF NOT EXISTS "user_no_seq" OWNED BY "user"."role"; ALTER TABLE "user" ADD "no" integer NOT NULL DEFAULT nextval('"user_no_seq"')`,
  SerialOff1600000000046: `ALTER TABLE "user" ALTER COLUMN "no" DROP DEFAULT; DROP SEQUENCE "user_no_seq"`,
  Upsert1600000000047: `INSERT INTO "category" ("id", "name", "type") VALUES (1, 'again', 'x'), (50, 'new', 'x') ON CONFLICT ("id") DO UPDATE SET "name" = EXCLUDED."name"`,
  Relations1600000000048: both(
    `ALTER TABLE "album" ADD "ownerId" uuid; ALTER TABLE "album" ADD CONSTRAINT "FK_owner" FOREIGN KEY ("ownerId") REFERENCES "user"("id") ON DELETE CASCADE; CREATE INDEX "IDX_owner" ON "album" ("ownerId")`,
    `DROP INDEX "public"."IDX_owner"; ALTER TABLE "album" DROP CONSTRAINT "FK_owner"; ALTER TABLE "album" DROP COLUMN "ownerId"`,
  ),
  Owners1600000000049: both(
    `UPDATE "album" SET "ownerId" = (SELECT min("id"::text)::uuid FROM "user")`,
    `UPDATE "album" SET "ownerId" = NULL`,
  ),
  Outbox1600000000050: both(
    `CREATE TABLE "outbox" ("id" BIGSERIAL NOT NULL, "body" json NOT NULL, CONSTRAINT "PK_outbox" PRIMARY KEY ("id")); INSERT INTO "outbox" ("body") SELECT row_to_json(c) FROM "category" c`,
    `DROP TABLE "outbox"`,
  ),
  Status1600000000051: both(
    `CREATE TYPE "public"."outbox_status_enum" AS ENUM('new', 'sent'); ALTER TABLE "outbox" ADD "status" "public"."outbox_status_enum" NOT NULL DEFAULT 'new'`,
    `ALTER TABLE "outbox" DROP COLUMN "status"; DROP TYPE "public"."outbox_status_enum"`,
  ),
  StatusSwap1600000000052: both(
    enumSwap('outbox', 'status', 'outbox_status_enum', `'new', 'sent', 'failed'`, 'new'),
    enumSwap('outbox', 'status', 'outbox_status_enum', `'new', 'sent'`, 'new'),
  ),
  OutboxIndex1600000000053: both(
    `CREATE INDEX "IDX_outbox" ON "outbox" ("status") WHERE "status" = 'new'; UPDATE "outbox" SET "status" = 'sent' WHERE "id" % 2 = 0`,
    `DROP INDEX "public"."IDX_outbox"`,
  ),
  Concurrent1600000000054: {
    up: `CREATE INDEX CONCURRENTLY "IDX_category_name" ON "category" ("name")`,
    down: `DROP INDEX CONCURRENTLY "public"."IDX_category_name"`,
    alone: true,
  },
  DropView1600000000055: both(
    `DROP VIEW "user_photos"`,
    `CREATE VIEW "user_photos" AS SELECT "userId", count(*) AS "n" FROM "picture" GROUP BY 1`,
  ),
};

export const TYPEORM: ToolHistory = {
  name: 'TypeORM',
  tool: typeorm,
  migrations,
  writes: (n) => [
    `INSERT INTO "user" ("firstName", "lastName", "age") VALUES ('W', 'w${n}', ${n})`,
    `INSERT INTO "photo" ("url") VALUES ('w${n}')`,
    `INSERT INTO "picture" ("href") VALUES ('w${n}')`,
    `UPDATE "user" SET "isActive" = NOT "isActive" WHERE "firstName" LIKE '%${n % 10}'`,
    `DELETE FROM "album_photos_photo" WHERE "photoId" = ${n}`,
    'SELECT 1',
  ],
  downAndUp: 8,
};
