import { createHash, randomUUID } from 'node:crypto';
import type { Migrations, Tool, ToolHistory } from './tool-history.ts';

/** A file is one simple query of several statements; its books are kept through the extended protocol. */
const prisma: Tool = {
  async begin({ client }) {
    await client.query('SELECT 1');
    await client.query(`CREATE TABLE _prisma_migrations (
    id                      VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum                VARCHAR(64) NOT NULL,
    finished_at             TIMESTAMPTZ,
    migration_name          VARCHAR(255) NOT NULL,
    logs                    TEXT,
    rolled_back_at          TIMESTAMPTZ,
    started_at              TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count     INTEGER NOT NULL DEFAULT 0
);`);
  },
  async play({ client }, { name, up }) {
    const id = randomUUID();
    const checksum = createHash('sha256').update(up).digest('hex');
    await client.query('SELECT pg_advisory_lock(72707369)');
    await client.query(
      'INSERT INTO _prisma_migrations (id, checksum, started_at, migration_name) VALUES ($1, $2, now(), $3)',
      [id, checksum, name],
    );
    await client.query(up);
    await client.query('UPDATE _prisma_migrations SET applied_steps_count = applied_steps_count + 1 WHERE id = $1', [
      id,
    ]);
    await client.query('UPDATE _prisma_migrations SET finished_at = $2 WHERE id = $1', [id, new Date().toISOString()]);
    await client.query('SELECT pg_advisory_unlock(72707369)');
  },
};

const migrations: Migrations = {
  '20220101000000_init': `-- CreateEnum
CREATE TYPE "Role" AS ENUM ('USER', 'ADMIN');

-- CreateTable
CREATE TABLE "User" (
    "id" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "name" TEXT,
    "role" "Role" NOT NULL DEFAULT 'USER',
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "User_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Post" (
    "id" SERIAL NOT NULL,
    "title" VARCHAR(255) NOT NULL,
    "content" TEXT,
    "published" BOOLEAN NOT NULL DEFAULT false,
    "authorId" TEXT,

    CONSTRAINT "Post_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "User_email_key" ON "User"("email");

-- AddForeignKey
ALTER TABLE "Post" ADD CONSTRAINT "Post_authorId_fkey" FOREIGN KEY ("authorId") REFERENCES "User"("id") ON DELETE SET NULL ON UPDATE CASCADE;
`,
  '20220102_seed': `INSERT INTO "User" ("id", "email", "updatedAt") SELECT 'u' || g, 'u' || g || '@example.org', now() FROM generate_series(1, 40) g;
INSERT INTO "Post" ("title", "authorId") SELECT 'Post ' || g, 'u' || (1 + g % 40) FROM generate_series(1, 80) g;`,
  '20220103_profile': `-- CreateTable
CREATE TABLE "Profile" ("id" SERIAL NOT NULL, "bio" TEXT NOT NULL, "userId" TEXT NOT NULL, CONSTRAINT "Profile_pkey" PRIMARY KEY ("id"));

-- CreateIndex
CREATE UNIQUE INDEX "Profile_userId_key" ON "Profile"("userId");

-- AddForeignKey
ALTER TABLE "Profile" ADD CONSTRAINT "Profile_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE RESTRICT ON UPDATE CASCADE;`,
  '20220104_implicit_many_to_many': `CREATE TABLE "Category" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL, CONSTRAINT "Category_pkey" PRIMARY KEY ("id"));
CREATE TABLE "_CategoryToPost" ("A" INTEGER NOT NULL, "B" INTEGER NOT NULL);
CREATE UNIQUE INDEX "_CategoryToPost_AB_unique" ON "_CategoryToPost"("A", "B");
CREATE INDEX "_CategoryToPost_B_index" ON "_CategoryToPost"("B");
ALTER TABLE "_CategoryToPost" ADD CONSTRAINT "_CategoryToPost_A_fkey" FOREIGN KEY ("A") REFERENCES "Category"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "_CategoryToPost" ADD CONSTRAINT "_CategoryToPost_B_fkey" FOREIGN KEY ("B") REFERENCES "Post"("id") ON DELETE CASCADE ON UPDATE CASCADE;`,
  '20220105_fill': `INSERT INTO "Category" ("name") VALUES ('news'), ('tech'), ('Ünïcode — "quoted"');
INSERT INTO "_CategoryToPost" SELECT 1 + "id" % 3, "id" FROM "Post";`,
  '20220106_nullable': `/*
  Warnings:

  - Made the column \`name\` on table \`User\` required. This step will fail if there are existing NULL values in that column.

*/
-- AlterTable
UPDATE "User" SET "name" = initcap("id") WHERE "name" IS NULL;
ALTER TABLE "User" ALTER COLUMN "name" SET NOT NULL;`,
  '20220107_add_columns': `ALTER TABLE "Post" ADD COLUMN     "slug" TEXT,
ADD COLUMN     "views" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "rating" DOUBLE PRECISION NOT NULL DEFAULT 0.1,
ADD COLUMN     "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;`,
  '20220108_backfill_slug': `UPDATE "Post" SET "slug" = lower(replace("title", ' ', '-')) || '-' || "id";
ALTER TABLE "Post" ALTER COLUMN "slug" SET NOT NULL;
CREATE UNIQUE INDEX "Post_slug_key" ON "Post"("slug");`,
  '20220109_enum_value': `-- AlterEnum
ALTER TYPE "Role" ADD VALUE 'MODERATOR';`,
  '20220110_enum_swap': `-- AlterEnum
BEGIN;
CREATE TYPE "Role_new" AS ENUM ('USER', 'OWNER', 'MODERATOR');
ALTER TABLE "User" ALTER COLUMN "role" DROP DEFAULT;
ALTER TABLE "User" ALTER COLUMN "role" TYPE "Role_new" USING ("role"::text::"Role_new");
ALTER TYPE "Role" RENAME TO "Role_old";
ALTER TYPE "Role_new" RENAME TO "Role";
DROP TYPE "Role_old";
ALTER TABLE "User" ALTER COLUMN "role" SET DEFAULT 'USER';
COMMIT;`,
  '20220111_json': `ALTER TABLE "User" ADD COLUMN "settings" JSONB NOT NULL DEFAULT '{}';
UPDATE "User" SET "settings" = jsonb_build_object('theme', CASE WHEN "id" < 'u2' THEN 'dark' ELSE 'light' END);`,
  '20220112_arrays': `ALTER TABLE "Post" ADD COLUMN "tags" TEXT[] DEFAULT ARRAY[]::TEXT[], ADD COLUMN "roles" "Role"[];
CREATE INDEX "Post_tags_idx" ON "Post" USING GIN ("tags");`,
  '20220113_array_rows': `UPDATE "Post" SET "tags" = ARRAY['a', 'b,c', '"d"'], "roles" = ARRAY['OWNER', 'USER']::"Role"[] WHERE "id" % 3 = 0;`,
  '20220114_rename_index': `ALTER INDEX "Post_tags_idx" RENAME TO "Post_tags_gin_idx";`,
  '20220115_bigint': `ALTER TABLE "Post" DROP CONSTRAINT "Post_pkey" CASCADE,
ALTER COLUMN "id" SET DATA TYPE BIGINT,
ADD CONSTRAINT "Post_pkey" PRIMARY KEY ("id");
ALTER TABLE "_CategoryToPost" ALTER COLUMN "B" SET DATA TYPE BIGINT;
ALTER TABLE "_CategoryToPost" ADD CONSTRAINT "_CategoryToPost_B_fkey" FOREIGN KEY ("B") REFERENCES "Post"("id") ON DELETE CASCADE ON UPDATE CASCADE;`,
  '20220116_comment_table': `CREATE TABLE "Comment" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "body" TEXT NOT NULL,
    "postId" BIGINT NOT NULL,
    "parentId" UUID,
    "at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "Comment_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "Comment_postId_at_idx" ON "Comment"("postId", "at" DESC);
ALTER TABLE "Comment" ADD CONSTRAINT "Comment_postId_fkey" FOREIGN KEY ("postId") REFERENCES "Post"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "Comment" ADD CONSTRAINT "Comment_parentId_fkey" FOREIGN KEY ("parentId") REFERENCES "Comment"("id") ON DELETE SET NULL ON UPDATE CASCADE;`,
  '20220117_comments': `INSERT INTO "Comment" ("body", "postId") SELECT 'c' || row_number() OVER (ORDER BY "id"), "id" FROM "Post";
UPDATE "Comment" c SET "parentId" = (SELECT "id" FROM "Comment" d WHERE d."body" = 'c1') WHERE c."body" <> 'c1';`,
  '20220118_decimal': `ALTER TABLE "Post" ADD COLUMN "price" DECIMAL(65,30) NOT NULL DEFAULT 0.0;
UPDATE "Post" SET "price" = "id" / 7.0;
ALTER TABLE "Post" ALTER COLUMN "price" SET DATA TYPE DECIMAL(10,2);`,
  '20220119_recreate_column': `/* The column would be dropped and recreated, which leads to data loss. */
ALTER TABLE "Post" DROP COLUMN "rating",
ADD COLUMN     "rating" SMALLINT;`,
  '20220120_account': `CREATE TABLE "Account" ("id" TEXT NOT NULL, "userId" TEXT NOT NULL, "provider" TEXT NOT NULL, "providerAccountId" TEXT NOT NULL, "expires_at" INTEGER, CONSTRAINT "Account_pkey" PRIMARY KEY ("id"));
CREATE UNIQUE INDEX "Account_provider_providerAccountId_key" ON "Account"("provider", "providerAccountId");
INSERT INTO "Account" SELECT 'a' || g, 'u' || g, 'github', g::text, NULL FROM generate_series(1, 40) g;
ALTER TABLE "Account" ADD CONSTRAINT "Account_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;`,
  '20220121_map_snake': `ALTER TABLE "Account" RENAME TO "accounts";
ALTER TABLE "accounts" RENAME CONSTRAINT "Account_pkey" TO "accounts_pkey";
ALTER TABLE "accounts" RENAME COLUMN "userId" TO "user_id";
ALTER TABLE "accounts" RENAME CONSTRAINT "Account_userId_fkey" TO "accounts_user_id_fkey";
ALTER INDEX "Account_provider_providerAccountId_key" RENAME TO "accounts_provider_providerAccountId_key";`,
  '20220122_composite_pk': `ALTER TABLE "accounts" DROP CONSTRAINT "accounts_pkey",
DROP COLUMN "id",
ADD CONSTRAINT "accounts_pkey" PRIMARY KEY ("provider", "providerAccountId");
DROP INDEX "accounts_provider_providerAccountId_key";`,
  '20220123_session': `CREATE TABLE "Session" ("token" TEXT NOT NULL, "userId" TEXT NOT NULL, "expires" TIMESTAMP(3) NOT NULL);
CREATE UNIQUE INDEX "Session_token_key" ON "Session"("token");
INSERT INTO "Session" SELECT md5(g::text), 'u1', '2030-01-01' FROM generate_series(1, 9) g;`,
  '20220124_session_id': `ALTER TABLE "Session" ADD COLUMN "id" SERIAL NOT NULL, ADD CONSTRAINT "Session_pkey" PRIMARY KEY ("id");`,
  '20220125_cuid_default': `ALTER TABLE "Session" ADD COLUMN "key" TEXT NOT NULL DEFAULT md5(random()::text);
ALTER TABLE "Session" ALTER COLUMN "key" DROP DEFAULT;`,
  '20220126_tenant': `CREATE TABLE "Tenant" ("id" UUID NOT NULL DEFAULT gen_random_uuid(), "name" TEXT NOT NULL, CONSTRAINT "Tenant_pkey" PRIMARY KEY ("id"));
INSERT INTO "Tenant" ("id", "name") VALUES ('00000000-0000-0000-0000-000000000001', 'default');
ALTER TABLE "User" ADD COLUMN "tenantId" UUID NOT NULL DEFAULT '00000000-0000-0000-0000-000000000001';
ALTER TABLE "User" ADD CONSTRAINT "User_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES "Tenant"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "User" ALTER COLUMN "tenantId" DROP DEFAULT;`,
  '20220127_unique_swap': `DROP INDEX "User_email_key";
CREATE UNIQUE INDEX "User_tenantId_email_key" ON "User"("tenantId", "email");`,
  '20220128_views_of_raw_sql': `CREATE VIEW "PublishedPost" AS SELECT "id", "title", "authorId" FROM "Post" WHERE "published";
CREATE MATERIALIZED VIEW "PostCount" AS SELECT "authorId", count(*) AS n FROM "Post" GROUP BY 1;
CREATE UNIQUE INDEX "PostCount_authorId_idx" ON "PostCount" ("authorId");`,
  '20220129_trigger_of_raw_sql': `CREATE OR REPLACE FUNCTION touch_updated_at() RETURNS trigger AS $$
BEGIN
  NEW."updatedAt" = CURRENT_TIMESTAMP; -- a ; in a comment
  RETURN NEW;
END;
$$ LANGUAGE plpgsql;
CREATE TRIGGER "User_touch" BEFORE UPDATE ON "User" FOR EACH ROW EXECUTE FUNCTION touch_updated_at();`,
  '20220130_touch_all': `UPDATE "User" SET "name" = "name" || '!' WHERE "id" LIKE 'u1%';`,
  '20220131_extension': `CREATE EXTENSION IF NOT EXISTS "pg_trgm";
CREATE EXTENSION IF NOT EXISTS "citext" WITH SCHEMA "public";
CREATE INDEX "Post_title_idx" ON "Post" USING GIN ("title" gin_trgm_ops);`,
  '20220201_citext': `ALTER TABLE "User" ALTER COLUMN "email" SET DATA TYPE CITEXT;`,
  '20220202_multi_schema': `CREATE SCHEMA IF NOT EXISTS "audit";
CREATE TYPE "audit"."Level" AS ENUM ('info', 'warn');
CREATE TABLE "audit"."Log" ("id" BIGSERIAL NOT NULL, "level" "audit"."Level" NOT NULL DEFAULT 'info', "what" JSONB, CONSTRAINT "Log_pkey" PRIMARY KEY ("id"));`,
  '20220203_audit_rows': `INSERT INTO "audit"."Log" ("level", "what") SELECT 'warn', to_jsonb(u) FROM "User" u WHERE "id" IN ('u1', 'u2');`,
  '20220204_drop_view': `DROP MATERIALIZED VIEW "PostCount";
DROP VIEW "PublishedPost";`,
  '20220205_nothing': '-- This is an empty migration.',
  '20220206_fk_action': `-- DropForeignKey
ALTER TABLE "Profile" DROP CONSTRAINT "Profile_userId_fkey";

-- AddForeignKey
ALTER TABLE "Profile" ADD CONSTRAINT "Profile_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;`,
  '20220207_delete_users': `INSERT INTO "Profile" ("bio", "userId") SELECT 'bio', "id" FROM "User";
DELETE FROM "User" WHERE "id" IN ('u39', 'u40');`,
  '20220208_do_block': `DO $$ BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_type WHERE typname = 'Plan') THEN
    CREATE TYPE "Plan" AS ENUM ('FREE', 'PRO');
  END IF;
  ALTER TABLE "Tenant" ADD COLUMN IF NOT EXISTS "plan" "Plan" NOT NULL DEFAULT 'FREE';
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;`,
  '20220209_subscription': `CREATE TABLE "Subscription" ("id" SERIAL NOT NULL, "tenantId" UUID NOT NULL, "plan" "Plan" NOT NULL, "seats" INTEGER NOT NULL CHECK ("seats" > 0), "period" TSTZRANGE, CONSTRAINT "Subscription_pkey" PRIMARY KEY ("id"));
CREATE INDEX ON "Subscription" ("tenantId", "plan");
INSERT INTO "Subscription" ("tenantId", "plan", "seats", "period") SELECT "id", 'PRO', 3, tstzrange('2024-01-01', NULL) FROM "Tenant";`,
  '20220210_constraint_added_later': `ALTER TABLE "Subscription" ADD CONSTRAINT "Subscription_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES "Tenant"("id") NOT VALID;
ALTER TABLE "Subscription" VALIDATE CONSTRAINT "Subscription_tenantId_fkey";`,
  '20220211_identity': `CREATE TABLE "Invoice" ("id" INTEGER GENERATED BY DEFAULT AS IDENTITY (START WITH 1000) NOT NULL, "total" MONEY, "net" NUMERIC NOT NULL, "gross" NUMERIC GENERATED ALWAYS AS ("net" * 1.19) STORED, CONSTRAINT "Invoice_pkey" PRIMARY KEY ("id"));
INSERT INTO "Invoice" ("net", "total") VALUES (1, 1.5), (2.5, 3), (1000000, NULL);`,
  '20220212_partial_unique': `ALTER TABLE "Invoice" ADD COLUMN "number" TEXT, ADD COLUMN "deletedAt" TIMESTAMP(3);
CREATE UNIQUE INDEX "Invoice_number_live" ON "Invoice" ("number") WHERE "deletedAt" IS NULL;`,
  '20220213_text_to_enum': `CREATE TYPE "Provider" AS ENUM ('github', 'google');
ALTER TABLE "accounts" ALTER COLUMN "provider" TYPE "Provider" USING "provider"::"Provider";`,
  '20220214_drop_table': `-- DropTable
DROP TABLE "Session";`,
  '20220215_enum_drop': `ALTER TABLE "accounts" ALTER COLUMN "provider" TYPE TEXT;
DROP TYPE "Provider";`,
  '20220216_rename_column_and_back': `ALTER TABLE "Post" RENAME COLUMN "content" TO "text";
ALTER TABLE "Post" RENAME COLUMN "text" TO "body";`,
  '20220217_timestamps': `ALTER TABLE "Post" ALTER COLUMN "createdAt" SET DATA TYPE TIMESTAMPTZ(3) USING "createdAt" AT TIME ZONE 'UTC';`,
  '20220218_renamed_table': `ALTER TABLE "Profile" RENAME TO "Bio"; ALTER SEQUENCE "Profile_id_seq" RENAME TO "Bio_id_seq";
ALTER INDEX "Profile_userId_key" RENAME TO "Bio_userId_key"; ALTER TABLE "Bio" RENAME CONSTRAINT "Profile_pkey" TO "Bio_pkey";`,
  '20220219_sequence': `ALTER SEQUENCE "Bio_id_seq" AS BIGINT INCREMENT BY 2 MINVALUE 1 CACHE 5; ALTER TABLE "Bio" ALTER COLUMN "id" SET DATA TYPE BIGINT;`,
  '20220220_rls': `ALTER TABLE "Tenant" ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON "Tenant" USING ("id" = current_setting('app.tenant', true)::uuid OR current_user = 'app');
ALTER TABLE "Tenant" FORCE ROW LEVEL SECURITY;`,
  '20220221_join_table_pk': `ALTER TABLE "_CategoryToPost" ADD CONSTRAINT "_CategoryToPost_AB_pkey" PRIMARY KEY ("A", "B");
DROP INDEX "_CategoryToPost_AB_unique";`,
  '20220222_search': `ALTER TABLE "Post" ADD COLUMN "search" TSVECTOR GENERATED ALWAYS AS (to_tsvector('english', coalesce("title", '') || ' ' || coalesce("body", ''))) STORED;
CREATE INDEX "Post_search_idx" ON "Post" USING GIN ("search");`,
  '20220223_cte_move': `WITH gone AS (DELETE FROM "Comment" WHERE "body" IN ('c3', 'c4') RETURNING *)
INSERT INTO "audit"."Log" ("what") SELECT to_jsonb(g) FROM gone g;`,
  '20220224_default_expression': `ALTER TABLE "Post" ALTER COLUMN "slug" SET DEFAULT 'draft-' || md5(clock_timestamp()::text);`,
  '20220225_comments': `COMMENT ON TABLE "Post" IS 'What people write; with ; semicolons'; COMMENT ON COLUMN "Post"."slug" IS E'URL\\npart';`,
  '20220226_exclude': `CREATE EXTENSION IF NOT EXISTS btree_gist;
ALTER TABLE "Subscription" ADD CONSTRAINT one_at_a_time EXCLUDE USING gist ("tenantId" WITH =, "period" WITH &&);`,
  '20220227_drop_columns': `ALTER TABLE "User" DROP COLUMN "settings"; ALTER TABLE "Post" DROP COLUMN "views", DROP COLUMN "price", DROP COLUMN "search";`,
  '20220228_drop_trigger': `DROP TRIGGER "User_touch" ON "User"; DROP FUNCTION touch_updated_at();`,
  '20220301_truncate': `TRUNCATE TABLE "audit"."Log" RESTART IDENTITY CASCADE; DROP SCHEMA "audit" CASCADE;`,
  '20220302_shadow': `CREATE TABLE "Category_new" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL, "rank" INTEGER NOT NULL DEFAULT 1, CONSTRAINT "Category_new_pkey" PRIMARY KEY ("id"));
INSERT INTO "Category_new" ("id", "name") SELECT "id", "name" FROM "Category";
SELECT setval(pg_get_serial_sequence('"Category_new"', 'id'), max("id")) FROM "Category_new";
DROP TABLE "Category" CASCADE;
ALTER TABLE "Category_new" RENAME TO "Category";`,
  '20220303_last': `ALTER TABLE "_CategoryToPost" ADD CONSTRAINT "_CategoryToPost_A_fkey" FOREIGN KEY ("A") REFERENCES "Category"("id") ON DELETE CASCADE ON UPDATE CASCADE;`,
};

export const PRISMA: ToolHistory = {
  name: 'Prisma',
  tool: prisma,
  migrations,
  writes: (n) => [
    `INSERT INTO "User" ("id", "email", "updatedAt") VALUES ('w${n}', 'w${n}@example.org', '2024-01-01')`,
    `INSERT INTO "User" ("id", "email", "name", "tenantId", "updatedAt") VALUES ('x${n}', 'x${n}@example.org', 'X', '00000000-0000-0000-0000-000000000001', now())`,
    `INSERT INTO "Post" ("title", "authorId") VALUES ('written ${n}', 'u1')`,
    `UPDATE "Post" SET "published" = NOT "published" WHERE "id" % 5 = ${n % 5}`,
    `DELETE FROM "Comment" WHERE "body" = 'c${n + 10}'`,
  ],
};
