import type pg from 'pg';
import type { Migration, Migrations, NamedMigration, Tool, ToolHistory } from './tool-history.ts';

const LOCK = '1541015137836';

async function setVersion(client: pg.Client, version: string | null, dirty: boolean): Promise<void> {
  await client.query('BEGIN');
  await client.query('TRUNCATE "public"."schema_migrations"');
  if (version !== null)
    await client.query('INSERT INTO "public"."schema_migrations" (version, dirty) VALUES ($1, $2)', [version, dirty]);
  await client.query('COMMIT');
}

async function run(client: pg.Client, { name }: NamedMigration, sql: string): Promise<void> {
  const version = String(Number(name.split('_')[0]));
  await client.query('SELECT pg_advisory_lock($1)', [LOCK]);
  await setVersion(client, version, true);
  await client.query(sql);
  await setVersion(client, version, false);
  await client.query('SELECT pg_advisory_unlock($1)', [LOCK]);
}

/** A whole file at once, without a transaction of the tool's own; a row that says whether it came to its end. */
const golangMigrate: Tool = {
  async begin({ client }) {
    await client.query('SELECT CURRENT_DATABASE()');
    await client.query(
      'CREATE TABLE IF NOT EXISTS "public"."schema_migrations" (version bigint not null primary key, dirty boolean not null)',
    );
  },
  play: ({ client }, migration) => run(client, migration, migration.up),
  back: ({ client }, migration) => run(client, migration, migration.down ?? ''),
};

const both = (up: string, down: string): Migration => ({ up, down });

const migrations: Migrations = {
  '0001_users': both(
    `BEGIN; CREATE TABLE IF NOT EXISTS users (id bigserial PRIMARY KEY, username varchar(64) NOT NULL UNIQUE, created timestamptz NOT NULL DEFAULT now()); COMMIT;`,
    'DROP TABLE IF EXISTS users;',
  ),
  '0002_channels': both(
    `CREATE TABLE IF NOT EXISTS channels (id varchar(26) PRIMARY KEY, createat bigint, displayname varchar(64), name varchar(64), totalmsgcount bigint, UNIQUE(name));
CREATE INDEX IF NOT EXISTS idx_channels_displayname ON channels(displayname);`,
    'DROP TABLE IF EXISTS channels;',
  ),
  '0003_members': both(
    `CREATE TABLE members (user_id bigint NOT NULL REFERENCES users(id) ON DELETE CASCADE, channel_id varchar(26) NOT NULL REFERENCES channels(id), roles text[] NOT NULL DEFAULT '{}', PRIMARY KEY (user_id, channel_id));`,
    'DROP TABLE members;',
  ),
  '0004_seed': both(
    `INSERT INTO users (username) SELECT 'user' || g FROM generate_series(1, 50) g; INSERT INTO channels SELECT md5(g::text)::varchar(26), g, 'Channel ' || g, 'c' || g, 0 FROM generate_series(1, 10) g; INSERT INTO members SELECT u.id, c.id FROM users u, channels c WHERE u.id % 10 = c.createat % 10;`,
    'DELETE FROM members; DELETE FROM channels; DELETE FROM users;',
  ),
  '0005_add_column_guarded': both(
    `ALTER TABLE users ADD COLUMN IF NOT EXISTS email varchar(128); ALTER TABLE users ADD COLUMN IF NOT EXISTS email varchar(128);`,
    'ALTER TABLE users DROP COLUMN IF EXISTS email;',
  ),
  '0006_do_block': both(
    `DO $$
DECLARE
    column_exist boolean := false;
BEGIN
    SELECT count(*) != 0 INTO column_exist FROM information_schema.columns WHERE table_name = 'channels' AND column_name = 'totalmsgcountroot';
    IF NOT column_exist THEN
        ALTER TABLE channels ADD COLUMN totalmsgcountroot bigint;
        UPDATE channels SET totalmsgcountroot = createat * 2;
        ALTER TABLE channels ALTER COLUMN totalmsgcountroot SET DEFAULT 0;
    END IF;
END $$;`,
    'ALTER TABLE channels DROP COLUMN IF EXISTS totalmsgcountroot;',
  ),
  '0007_nothing': both('SELECT 1;', '-- nothing to do'),
  '0008_type': both(
    `DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_type WHERE typname = 'channel_kind') THEN CREATE TYPE channel_kind AS ENUM ('open', 'direct'); END IF; END; $$ LANGUAGE plpgsql; ALTER TABLE channels ADD COLUMN kind channel_kind NOT NULL DEFAULT 'open';`,
    'ALTER TABLE channels DROP COLUMN kind; DROP TYPE IF EXISTS channel_kind;',
  ),
  '0009_kinds': both(
    `UPDATE channels SET kind = 'direct' WHERE createat % 2 = 0;`,
    `UPDATE channels SET kind = 'open';`,
  ),
  '0010_rewrite_type': both(
    'ALTER TABLE channels ALTER COLUMN createat TYPE timestamptz USING to_timestamp(createat);',
    'ALTER TABLE channels ALTER COLUMN createat TYPE bigint USING extract(epoch FROM createat)::bigint;',
  ),
  '0011_drop_index': both(
    'DROP INDEX IF EXISTS idx_channels_displayname;',
    'CREATE INDEX IF NOT EXISTS idx_channels_displayname ON channels(displayname);',
  ),
  '0012_concurrently': both(
    'CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_users_created ON users (created);',
    'DROP INDEX CONCURRENTLY IF EXISTS idx_users_created;',
  ),
  '0013_posts': both(
    `CREATE TABLE posts (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), channel_id varchar(26) NOT NULL, user_id bigint, message text NOT NULL, props jsonb NOT NULL DEFAULT '{}'::jsonb, at bigint NOT NULL); CREATE INDEX ON posts (channel_id, at DESC); CREATE INDEX idx_posts_message_txt ON posts USING gin(to_tsvector('english', message));`,
    'DROP TABLE posts;',
  ),
  '0014_posts_rows': both(
    `INSERT INTO posts (channel_id, user_id, message, at) SELECT c.id, u.id, 'hello from ' || u.username || repeat(' x', 500), u.id FROM users u JOIN members m ON m.user_id = u.id JOIN channels c ON c.id = m.channel_id;`,
    'TRUNCATE posts;',
  ),
  '0015_primary_key_swap': both(
    `ALTER TABLE members DROP CONSTRAINT IF EXISTS members_pkey; ALTER TABLE members ADD PRIMARY KEY (channel_id, user_id);`,
    `ALTER TABLE members DROP CONSTRAINT members_pkey; ALTER TABLE members ADD PRIMARY KEY (user_id, channel_id);`,
  ),
  '0016_trigger': both(
    `CREATE FUNCTION count_posts() RETURNS trigger AS $$ BEGIN UPDATE channels SET totalmsgcount = coalesce(totalmsgcount, 0) + 1 WHERE id = NEW.channel_id; RETURN NULL; END; $$ LANGUAGE plpgsql; CREATE TRIGGER count_posts AFTER INSERT ON posts FOR EACH ROW EXECUTE FUNCTION count_posts();`,
    'DROP TRIGGER IF EXISTS count_posts ON posts; DROP FUNCTION IF EXISTS count_posts();',
  ),
  '0017_more_posts': both(
    `INSERT INTO posts (channel_id, message, at) SELECT channel_id, 'more', at + 1000 FROM posts;`,
    `DELETE FROM posts WHERE message = 'more';`,
  ),
  '0018_partition': both(
    `CREATE TABLE audit (id bigserial, at timestamptz NOT NULL, what text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at); CREATE TABLE audit_old PARTITION OF audit FOR VALUES FROM (MINVALUE) TO ('2024-01-01'); CREATE TABLE audit_new PARTITION OF audit FOR VALUES FROM ('2024-01-01') TO (MAXVALUE); INSERT INTO audit (at, what) VALUES ('2020-01-01', 'a'), ('2025-01-01', 'b');`,
    'DROP TABLE audit;',
  ),
  '0019_rename': both(
    'ALTER TABLE audit RENAME COLUMN what TO action; ALTER TABLE audit RENAME TO audits;',
    'ALTER TABLE audits RENAME TO audit; ALTER TABLE audit RENAME COLUMN action TO what;',
  ),
  '0020_view': both(
    `CREATE OR REPLACE VIEW poststats AS SELECT user_id, count(*) AS n FROM posts GROUP BY user_id; CREATE MATERIALIZED VIEW IF NOT EXISTS bots AS SELECT id AS userid, username FROM users WHERE username LIKE '%1'; CREATE UNIQUE INDEX bots_id ON bots (userid);`,
    'DROP MATERIALIZED VIEW IF EXISTS bots; DROP VIEW IF EXISTS poststats;',
  ),
  '0021_view_again': both(
    'DROP VIEW IF EXISTS poststats; CREATE VIEW poststats AS SELECT user_id, channel_id, count(*) AS n, max(at) AS last FROM posts GROUP BY 1, 2;',
    'DROP VIEW poststats; CREATE VIEW poststats AS SELECT user_id, count(*) AS n FROM posts GROUP BY user_id;',
  ),
  '0022_fk_not_valid': both(
    'ALTER TABLE posts ADD CONSTRAINT fk_posts_user FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE SET NULL NOT VALID; ALTER TABLE posts VALIDATE CONSTRAINT fk_posts_user;',
    'ALTER TABLE posts DROP CONSTRAINT IF EXISTS fk_posts_user;',
  ),
  '0023_enum_value': both(`ALTER TYPE channel_kind ADD VALUE IF NOT EXISTS 'group';`, 'SELECT 1;'),
  '0024_extension': both(
    'CREATE EXTENSION IF NOT EXISTS pg_trgm; CREATE INDEX idx_users_trgm ON users USING gin (username gin_trgm_ops);',
    'DROP INDEX idx_users_trgm; DROP EXTENSION IF EXISTS pg_trgm;',
  ),
  '0025_identity': both(
    'CREATE TABLE jobs (id int GENERATED ALWAYS AS IDENTITY, kind text NOT NULL, CONSTRAINT jobs_pk PRIMARY KEY (id)); INSERT INTO jobs (kind) SELECT md5(g::text) FROM generate_series(1, 20) g;',
    'DROP TABLE jobs;',
  ),
  '0026_jobs_random': both(
    `ALTER TABLE jobs ADD COLUMN token uuid NOT NULL DEFAULT gen_random_uuid(), ADD COLUMN state smallint NOT NULL DEFAULT 0;`,
    'ALTER TABLE jobs DROP COLUMN token, DROP COLUMN state;',
  ),
  '0027_jobs_check': both(
    `ALTER TABLE jobs ADD CONSTRAINT state_known CHECK (state = ANY (ARRAY[0, 1, 2]));`,
    'ALTER TABLE jobs DROP CONSTRAINT state_known;',
  ),
  '0028_if_exists_of_others': both(
    `CREATE SCHEMA IF NOT EXISTS plugins; CREATE TYPE plugins.state AS ENUM ('on'); CREATE TABLE plugins.kv (pluginid text, pkey text, pvalue bytea, PRIMARY KEY (pluginid, pkey)); CREATE TRIGGER kv_touch AFTER INSERT ON plugins.kv FOR EACH STATEMENT EXECUTE FUNCTION count_posts();`,
    'DROP TRIGGER IF EXISTS kv_touch ON posts; DROP TRIGGER IF EXISTS kv_touch ON plugins.kv; DROP TABLE IF EXISTS kv; DROP TABLE IF EXISTS plugins.kv; DROP TYPE IF EXISTS state; DROP TYPE IF EXISTS plugins.state; DROP SCHEMA IF EXISTS plugins;',
  ),
  '0029_replica_identity': both(
    `CREATE TABLE loose (a int, b text); INSERT INTO loose SELECT g % 3, 'x' FROM generate_series(1, 12) g; ALTER TABLE loose REPLICA IDENTITY FULL; UPDATE loose SET b = 'y' WHERE a = 1;`,
    'DROP TABLE loose;',
  ),
  '0030_comments': both(
    `COMMENT ON TABLE users IS 'all; of them'; COMMENT ON COLUMN users.username IS 'it''s'; COMMENT ON FUNCTION count_posts() IS 'counts';`,
    `COMMENT ON TABLE users IS NULL; COMMENT ON COLUMN users.username IS NULL;`,
  ),
  '0031_default_now': both(
    `ALTER TABLE users ADD COLUMN seen timestamptz DEFAULT now(), ADD COLUMN day date DEFAULT 'today';`,
    'ALTER TABLE users DROP COLUMN seen, DROP COLUMN day;',
  ),
  '0032_transaction_with_rollback': both(
    `BEGIN; ALTER TABLE users ADD COLUMN never int; ROLLBACK; BEGIN; ALTER TABLE users ADD COLUMN ever int; SAVEPOINT a; UPDATE users SET ever = 1; ROLLBACK TO a; UPDATE users SET ever = 2 WHERE id % 2 = 0; COMMIT;`,
    'ALTER TABLE users DROP COLUMN ever;',
  ),
};

export const GOLANG_MIGRATE: ToolHistory = {
  name: 'golang-migrate',
  tool: golangMigrate,
  migrations,
  writes: (n) => [
    `INSERT INTO users (username) VALUES ('w${n}')`,
    `INSERT INTO posts (channel_id, message, at) SELECT id, 'w${n}', ${n} FROM channels LIMIT 2`,
    `UPDATE users SET username = username || '_' WHERE id % 7 = ${n % 7}`,
    `DELETE FROM members WHERE user_id = ${n}`,
    'SELECT 1',
  ],
  downAndUp: 32,
};
