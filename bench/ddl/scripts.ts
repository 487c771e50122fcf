/** What pg_dump writes for one table: nine statements. `n` counts from 1. */
export function dumpedTable(schema: string, n: number): string[] {
  const table = `${schema}.t${n}`;
  return [
    `create table ${table} (id bigint not null, parent bigint, name text not null, note text, amount numeric(12,2) default 0, at timestamptz default now(),
       flag boolean default true, kind character varying(40), doc jsonb, constraint positive_${n} check (amount >= 0))`,
    `alter table ${table} owner to postgres`,
    `create sequence ${table}_id_seq start with 1 increment by 1 no minvalue no maxvalue cache 1`,
    `alter sequence ${table}_id_seq owned by ${table}.id`,
    `alter table only ${table} alter column id set default nextval('${table}_id_seq'::regclass)`,
    `alter table only ${table} add constraint t${n}_pkey primary key (id)`,
    `create index t${n}_name on ${table} using btree (name)`,
    `create index t${n}_at on ${table} using btree (at)`,
    `alter table only ${table} add constraint t${n}_parent foreign key (parent) references ${schema}.t${Math.max(1, n - 1)}(id)`,
  ];
}

/** Five statements a table, as somebody's migration script has them. */
export function script(schema: string, statements: number): string {
  const parts: string[] = [];
  for (let n = 1; parts.length < statements; n++) {
    parts.push(
      `create table ${schema}.s${n} (id int primary key, name text not null, at timestamptz default now())`,
      `alter table ${schema}.s${n} add column extra_${n} int default ${n}`,
      `create index s${n}_name on ${schema}.s${n} (name)`,
      `alter table ${schema}.s${n} alter column name drop not null`,
      `comment on table ${schema}.s${n} is 'table number ${n} of the script'`,
    );
  }
  return parts.slice(0, statements).join(';\n');
}
