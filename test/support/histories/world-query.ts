const LABELS = `coalesce((select json_agg(e.enumlabel order by e.enumsortorder) from pg_catalog.pg_enum e where e.enumtypid = t.oid), '[]')`;

const COLUMNS = `select json_agg(json_build_object('name', a.attname, 'type', pg_catalog.format_type(a.atttypid, a.atttypmod), 'kind', t.typtype,
    'labels', ${LABELS}, 'base', case when t.typtype = 'd' then pg_catalog.format_type(t.typbasetype, t.typtypmod) end,
    'notNull', a.attnotnull, 'identity', a.attidentity, 'generated', a.attgenerated, 'hasDefault', a.atthasdef, 'inherited', a.attinhcount > 0,
    'local', a.attislocal, 'used', exists (select from pg_catalog.pg_index i where i.indrelid = c.oid and a.attnum = any (i.indkey::smallint[]))
      or exists (select from pg_catalog.pg_constraint k where k.conrelid = c.oid and k.contype = 'f' and a.attnum = any (k.conkey))
      or exists (select from pg_catalog.pg_partitioned_table p where p.partrelid = c.oid and a.attnum = any (p.partattrs::smallint[])))
    order by a.attnum)
  from pg_catalog.pg_attribute a join pg_catalog.pg_type t on t.oid = a.atttypid where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped`;

const CONSTRAINTS = `select json_agg(json_build_object('name', k.conname, 'type', k.contype, 'inherited', k.coninhcount > 0,
    'columns', cardinality(k.conkey)) order by k.conname) from pg_catalog.pg_constraint k where k.conrelid = c.oid and k.contype <> 't'`;

const INDEXES = `select json_agg(json_build_object('name', ic.relname, 'constraint', exists (select from pg_catalog.pg_constraint k where k.conindid = ic.oid
      and k.contype in ('p', 'u', 'x')), 'plain', i.indexprs is null and i.indpred is null and i.indimmediate, 'attached', ic.relispartition,
    'unique', i.indisunique) order by ic.relname)
  from pg_catalog.pg_index i join pg_catalog.pg_class ic on ic.oid = i.indexrelid where i.indrelid = c.oid`;

const RELATIONS = `select json_agg(json_build_object('oid', c.oid::text, 'schema', n.nspname, 'name', c.relname,
    'sql', format('%I.%I', n.nspname, c.relname), 'kind', c.relkind, 'owner', pg_catalog.pg_get_userbyid(c.relowner),
    'persistence', c.relpersistence, 'partition', c.relispartition, 'heir', h.inhparent is not null and not c.relispartition,
    'hasHeirs', exists (select from pg_catalog.pg_inherits x where x.inhparent = c.oid), 'parent', h.inhparent::text, 'strategy', p.partstrat,
    'keyColumn', (select a.attname from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attnum = p.partattrs[0]),
    'bound', pg_catalog.pg_get_expr(c.relpartbound, c.oid), 'ofType', c.reloftype <> 0, 'rls', c.relrowsecurity,
    'hasKey', exists (select from pg_catalog.pg_index i where i.indrelid = c.oid and i.indisprimary), 'populated', c.relispopulated,
    'ownedSequence', c.relkind = 'S' and exists (select from pg_catalog.pg_depend d where d.objid = c.oid and d.classid = 'pg_class'::regclass
      and d.deptype in ('a', 'i') and d.refclassid = 'pg_class'::regclass),
    'hasViews', exists (select from pg_catalog.pg_depend d where d.refobjid = c.oid and d.classid = 'pg_rewrite'::regclass and d.deptype = 'n'),
    'columns', coalesce((${COLUMNS}), '[]'), 'constraints', coalesce((${CONSTRAINTS}), '[]'), 'indexes', coalesce((${INDEXES}), '[]'),
    'triggers', coalesce((select json_agg(json_build_object('name', g.tgname, 'inherited', g.tgparentid <> 0) order by g.tgname)
      from pg_catalog.pg_trigger g where g.tgrelid = c.oid and not g.tgisinternal), '[]'),
    'policies', coalesce((select json_agg(format('%I', o.polname) order by o.polname) from pg_catalog.pg_policy o where o.polrelid = c.oid), '[]'),
    'rules', coalesce((select json_agg(format('%I', r.rulename) order by r.rulename) from pg_catalog.pg_rewrite r
      where r.ev_class = c.oid and r.rulename <> '_RETURN'), '[]')) order by c.oid)
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    left join pg_catalog.pg_partitioned_table p on p.partrelid = c.oid
    left join lateral (select min(x.inhparent::bigint) as inhparent from pg_catalog.pg_inherits x where x.inhrelid = c.oid) h on true
  where n.nspname like $1 and c.relkind in ('r', 'p', 'v', 'm', 'S')`;

const TYPES = `select json_agg(json_build_object('schema', n.nspname, 'name', t.typname, 'sql', format('%I.%I', n.nspname, t.typname),
    'owner', pg_catalog.pg_get_userbyid(t.typowner), 'kind', t.typtype, 'labels', ${LABELS},
    'base', case when t.typtype = 'd' then pg_catalog.format_type(t.typbasetype, t.typtypmod) end,
    'constraints', coalesce((select json_agg(format('%I', k.conname) order by k.conname) from pg_catalog.pg_constraint k where k.contypid = t.oid and k.contype = 'c'), '[]'),
    'attributes', coalesce((select json_agg(format('%I', a.attname) order by a.attnum) from pg_catalog.pg_attribute a
      where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped), '[]'),
    'used', exists (select from pg_catalog.pg_depend d where d.refclassid = 'pg_type'::regclass and d.refobjid = t.oid and d.deptype = 'n')) order by t.oid)
  from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace left join pg_catalog.pg_class tc on tc.oid = t.typrelid
  where n.nspname like $1 and (t.typtype in ('e', 'd') or tc.relkind = 'c')`;

const ROUTINES = `select json_agg(json_build_object('schema', n.nspname, 'name', f.proname, 'sql', format('%I.%I', n.nspname, f.proname),
    'owner', pg_catalog.pg_get_userbyid(f.proowner), 'kind', f.prokind, 'args', pg_catalog.pg_get_function_identity_arguments(f.oid),
    'returns', pg_catalog.format_type(f.prorettype, null), 'language', l.lanname) order by f.oid)
  from pg_catalog.pg_proc f join pg_catalog.pg_namespace n on n.oid = f.pronamespace join pg_catalog.pg_language l on l.oid = f.prolang
  where n.nspname like $1 and not exists (select from pg_catalog.pg_depend d
    where d.objid = f.oid and d.classid = 'pg_proc'::regclass and d.deptype = 'i')`;

const STATISTICS = `select json_agg(json_build_object('schema', n.nspname, 'name', s.stxname, 'sql', format('%I.%I', n.nspname, s.stxname),
    'owner', pg_catalog.pg_get_userbyid(s.stxowner)) order by s.oid)
  from pg_catalog.pg_statistic_ext s join pg_catalog.pg_namespace n on n.oid = s.stxnamespace where n.nspname like $1`;

/** One value of JSON: what the schemas whose names are like $1 hold. */
export const WORLD_QUERY = `select json_build_object(
  'schemas', coalesce((select json_agg(json_build_object('name', n.nspname, 'owner', pg_catalog.pg_get_userbyid(n.nspowner)) order by n.oid)
    from pg_catalog.pg_namespace n where n.nspname like $1), '[]'),
  'relations', coalesce((${RELATIONS}), '[]'), 'types', coalesce((${TYPES}), '[]'), 'routines', coalesce((${ROUTINES}), '[]'),
  'statistics', coalesce((${STATISTICS}), '[]')) as world`;
