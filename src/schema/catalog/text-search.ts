import { type CatalogObject, keyOf, part, type Row, text, groupedBy } from './catalog-object.ts';
import { type CatalogReader, rowsOf } from './reader.ts';
import { noMember, ownerName, USER_SCHEMA } from './sql-parts.ts';

const PARSERS = `select p.oid, n.nspname || '.' || p.prsname as name, format('%I.%I', n.nspname, p.prsname) as id, p.prsstart::regproc::text as start,
    p.prstoken::regproc::text as token, p.prsend::regproc::text as finish, p.prslextype::regproc::text as types, nullif(p.prsheadline::oid, 0)::regproc::text as headline
  from pg_ts_parser p join pg_namespace n on n.oid = p.prsnamespace where ${USER_SCHEMA} and ${noMember('pg_ts_parser', 'p.oid')}`;

const TEMPLATES = `select t.oid, n.nspname || '.' || t.tmplname as name, format('%I.%I', n.nspname, t.tmplname) as id,
    nullif(t.tmplinit::oid, 0)::regproc::text as init, t.tmpllexize::regproc::text as lexize
  from pg_ts_template t join pg_namespace n on n.oid = t.tmplnamespace where ${USER_SCHEMA} and ${noMember('pg_ts_template', 't.oid')}`;

/** The options are kept as the text that the server printed for CREATE. */
const DICTIONARIES = `select d.oid, n.nspname || '.' || d.dictname as name, format('%I.%I', n.nspname, d.dictname) as id, ${ownerName('d.dictowner')} as owner,
    format('%I.%I', tn.nspname, t.tmplname) as template, d.dictinitoption as options
  from pg_ts_dict d join pg_namespace n on n.oid = d.dictnamespace join pg_ts_template t on t.oid = d.dicttemplate join pg_namespace tn on tn.oid = t.tmplnamespace
  where ${USER_SCHEMA} and ${noMember('pg_ts_dict', 'd.oid')}`;

const CONFIGURATIONS = `select c.oid, n.nspname || '.' || c.cfgname as name, format('%I.%I', n.nspname, c.cfgname) as id, ${ownerName('c.cfgowner')} as owner,
    format('%I.%I', pn.nspname, p.prsname) as parser
  from pg_ts_config c join pg_namespace n on n.oid = c.cfgnamespace join pg_ts_parser p on p.oid = c.cfgparser join pg_namespace pn on pn.oid = p.prsnamespace
  where ${USER_SCHEMA} and ${noMember('pg_ts_config', 'c.oid')}`;

/** The parser's own function names the types of tokens. */
const MAPPINGS = `select m.mapcfg as config, quote_ident(t.alias) as token, string_agg(format('%I.%I', dn.nspname, d.dictname), ', ' order by m.mapseqno) as dictionaries
  from pg_ts_config c join pg_namespace n on n.oid = c.cfgnamespace join pg_ts_config_map m on m.mapcfg = c.oid
    join lateral ts_token_type(c.cfgparser) t on t.tokid = m.maptokentype
    join pg_ts_dict d on d.oid = m.mapdict join pg_namespace dn on dn.oid = d.dictnamespace
  where ${USER_SCHEMA} and ${noMember('pg_ts_config', 'c.oid')}
  group by m.mapcfg, m.maptokentype, t.alias order by m.mapcfg, m.maptokentype`;

export async function readTextSearch(reader: CatalogReader): Promise<CatalogObject[]> {
  const parsers = (await rowsOf(reader, PARSERS)).map((row) => {
    const body = `START = ${text(row, 'start')}, GETTOKEN = ${text(row, 'token')}, END = ${text(row, 'finish')}, LEXTYPES = ${text(row, 'types')}`;
    return make('PARSER', 'pg_ts_parser', row, `${body}${part(', HEADLINE = ', row['headline'])}`);
  });
  const templates = (await rowsOf(reader, TEMPLATES)).map((row) =>
    make('TEMPLATE', 'pg_ts_template', row, `${part('INIT = ', row['init'], ', ')}LEXIZE = ${text(row, 'lexize')}`),
  );
  const dictionaries = (await rowsOf(reader, DICTIONARIES)).map((row) =>
    make('DICTIONARY', 'pg_ts_dict', row, `TEMPLATE = ${text(row, 'template')}${part(', ', row['options'])}`),
  );
  const mappings = groupedBy(await rowsOf(reader, MAPPINGS), 'config');
  const configurations = (await rowsOf(reader, CONFIGURATIONS)).map((row) => {
    const made = make('CONFIGURATION', 'pg_ts_config', row, `PARSER = ${text(row, 'parser')}`);
    const own = mappings.get(text(row, 'oid')) ?? [];
    const added = own.map((mapping) => ({
      tag: 'ALTER TEXT SEARCH CONFIGURATION',
      text: `ALTER TEXT SEARCH CONFIGURATION ${text(row, 'id')} ADD MAPPING FOR ${text(mapping, 'token')} WITH ${text(mapping, 'dictionaries')}`,
    }));
    return { ...made, statements: [...made.statements, ...added] };
  });
  return [...parsers, ...templates, ...dictionaries, ...configurations];
}

function make(word: string, catalog: string, row: Row, body: string): CatalogObject {
  const address = `TEXT SEARCH ${word} ${text(row, 'id')}`;
  const { owner } = row;
  const create = { tag: `CREATE TEXT SEARCH ${word}`, text: `CREATE ${address} (${body})` };
  const change = { tag: `ALTER TEXT SEARCH ${word}`, text: `ALTER ${address} OWNER TO ${owner ?? ''}` };
  return {
    key: keyOf(catalog, text(row, 'oid')),
    kind: 'text search',
    name: text(row, 'name'),
    section: 'pre-data',
    statements: owner === undefined ? [create] : [create, change],
    address,
  };
}
