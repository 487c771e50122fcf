export const BRANCHES = 4;
export const TELLERS = 40;
export const ACCOUNTS = 4_000;
/** The migrator's number in the log; the writers count from 1. */
export const MIGRATOR = 0;

/**
 * pgbench's four tables, plus what the oracle needs: every transaction appends its own number to `commit_log`, and a share of them also draw
 * the ticket, whose row lock gives them one order and whose digest chains everything they did.
 */
export const WORKLOAD_SCHEMA = `
create table branches (bid int primary key, bbalance bigint not null, filler char(88));
create table tellers (tid int primary key, bid int not null, tbalance bigint not null, filler char(84));
create table accounts (aid int primary key, bid int not null, abalance bigint not null, filler char(84));
create table history (tid int, bid int, aid int, delta bigint, mtime timestamptz, filler char(22));
create table documents (id int primary key, body text not null, edits int not null);
create table ticket (one boolean primary key default true check (one), n bigint not null, digest text not null);
create table commit_log (writer int, n int, ticket bigint, digest text, primary key (writer, n));
insert into branches select b, 0, '' from generate_series(1, ${BRANCHES}) b;
insert into tellers select t, 1 + t % ${BRANCHES}, 0, '' from generate_series(1, ${TELLERS}) t;
insert into accounts select a, 1 + a % ${BRANCHES}, 0, '' from generate_series(1, ${ACCOUNTS}) a;
insert into documents select d, (select string_agg(md5(d::text || i), '') from generate_series(1, 200) i), 0 from generate_series(1, 20) d;
insert into ticket values (true, 0, '');
`;
