import { type CatalogObject, keyOf, type Statement, text } from './catalog-object.ts';
import { type CatalogReader, rowsOf } from './reader.ts';
import { ownerName, USER_RELATION, userObject } from './sql-parts.ts';

/** Neither those of constraints nor those that partitions have from their parent; not ours either. */
const TRIGGERS = `select t.oid, n.nspname || '.' || c.relname || '.' || t.tgname as name, quote_ident(t.tgname) as id, c.oid as table, format('%I.%I', n.nspname, c.relname) as table_id,
    pg_get_triggerdef(t.oid) as definition, t.tgenabled as enabled
  from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
    join pg_proc p on p.oid = t.tgfoid join pg_namespace fn on fn.oid = p.pronamespace
  where not t.tgisinternal and t.tgparentid = 0 and fn.nspname <> 'walcast' and ${USER_RELATION}`;

/** Partitions whose triggers fire otherwise than their parent's. */
const DEVIATING = `select t.oid, p.oid as parent, n.nspname || '.' || c.relname || '.' || t.tgname as name, quote_ident(t.tgname) as id, c.oid as table, format('%I.%I', n.nspname, c.relname) as table_id, t.tgenabled as enabled
  from pg_trigger t join pg_trigger p on p.oid = t.tgparentid join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
  where p.tgenabled <> t.tgenabled and not p.tgisinternal and ${USER_RELATION}`;

const RULES = `select r.oid, n.nspname || '.' || c.relname || '.' || r.rulename as name, quote_ident(r.rulename) as id, c.oid as table, format('%I.%I', n.nspname, c.relname) as table_id,
    pg_get_ruledef(r.oid) as definition, r.ev_enabled as enabled
  from pg_rewrite r join pg_class c on c.oid = r.ev_class join pg_namespace n on n.oid = c.relnamespace
  where (r.rulename <> '_RETURN' or r.ev_enabled <> 'O') and ${USER_RELATION}`;

const EVENT_TRIGGERS = `select e.oid, e.evtname as name, quote_ident(e.evtname) as id, ${ownerName('e.evtowner')} as owner, e.evtevent as event, e.evtenabled as enabled,
    e.evtfoid::regproc::text as function, (select string_agg(quote_literal(tag), ', ' order by i) from unnest(e.evttags) with ordinality as tags(tag, i)) as tags
  from pg_event_trigger e join pg_proc p on p.oid = e.evtfoid join pg_namespace n on n.oid = p.pronamespace
  where n.nspname <> 'walcast' and ${userObject('pg_event_trigger', 'e.oid')}`;

const STATES: Readonly<Record<string, string>> = { D: 'DISABLE', A: 'ENABLE ALWAYS', R: 'ENABLE REPLICA', O: 'ENABLE' };

export async function readTriggers(reader: CatalogReader): Promise<CatalogObject[]> {
  const own = (await rowsOf(reader, TRIGGERS)).map((row): CatalogObject => {
    const state = text(row, 'enabled');
    return {
      key: keyOf('pg_trigger', text(row, 'oid')),
      kind: 'trigger',
      name: text(row, 'name'),
      section: 'post-data',
      statements: [
        { tag: 'CREATE TRIGGER', text: text(row, 'definition') },
        ...(state === 'O' ? [] : [enabled('TRIGGER', text(row, 'table_id'), text(row, 'id'), state)]),
      ],
      address: `TRIGGER ${text(row, 'id')} ON ${text(row, 'table_id')}`,
      relation: Number(text(row, 'table')),
      requires: [keyOf('pg_class', text(row, 'table'))],
    };
  });
  const deviating = (await rowsOf(reader, DEVIATING)).map((row): CatalogObject => {
    return {
      key: keyOf('pg_trigger', text(row, 'oid')),
      kind: 'trigger',
      name: text(row, 'name'),
      section: 'post-data',
      statements: [enabled('TRIGGER', text(row, 'table_id'), text(row, 'id'), text(row, 'enabled'))],
      relation: Number(text(row, 'table')),
      requires: [keyOf('pg_trigger', text(row, 'parent'))],
    };
  });
  return [...own, ...deviating];
}

export async function readRules(reader: CatalogReader): Promise<CatalogObject[]> {
  return (await rowsOf(reader, RULES)).map((row) => {
    const state = text(row, 'enabled');
    const isQuery = text(row, 'id').replaceAll('"', '') === '_RETURN';
    const create = { tag: 'CREATE RULE', text: text(row, 'definition').trim().replace(/;$/, '') };
    const table = keyOf('pg_class', text(row, 'table'));
    return {
      key: isQuery ? `${table}#rule` : keyOf('pg_rewrite', text(row, 'oid')),
      kind: 'rule',
      name: text(row, 'name'),
      section: 'post-data',
      statements: [
        ...(isQuery ? [] : [create]),
        ...(state === 'O' ? [] : [enabled('RULE', text(row, 'table_id'), text(row, 'id'), state)]),
      ],
      address: `RULE ${text(row, 'id')} ON ${text(row, 'table_id')}`,
      relation: Number(text(row, 'table')),
      requires: [table],
    };
  });
}

export async function readEventTriggers(reader: CatalogReader): Promise<CatalogObject[]> {
  return (await rowsOf(reader, EVENT_TRIGGERS)).map((row) => {
    const id = text(row, 'id');
    const { tags = null } = row;
    const when = tags === null ? '' : ` WHEN TAG IN (${tags})`;
    const state = text(row, 'enabled');
    const create = `CREATE EVENT TRIGGER ${id} ON ${text(row, 'event')}${when} EXECUTE FUNCTION ${text(row, 'function')}()`;
    const tag = 'ALTER EVENT TRIGGER';
    return {
      key: keyOf('pg_event_trigger', text(row, 'oid')),
      kind: 'event trigger',
      name: text(row, 'name'),
      section: 'post-data',
      statements: [
        { tag: 'CREATE EVENT TRIGGER', text: create },
        { tag, text: `${tag} ${id} OWNER TO ${text(row, 'owner')}` },
        ...(state === 'O' ? [] : [{ tag, text: `${tag} ${id} ${STATES[state] ?? ''}` }]),
      ],
      address: `EVENT TRIGGER ${id}`,
    };
  });
}

function enabled(word: 'TRIGGER' | 'RULE', table: string, id: string, state: string): Statement {
  const [first = '', ...rest] = (STATES[state] ?? '').split(' ');
  return { tag: 'ALTER TABLE', text: `ALTER TABLE ${table} ${[first, ...rest, word].join(' ')} ${id}` };
}
