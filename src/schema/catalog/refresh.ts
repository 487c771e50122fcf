import { type CatalogObject, keyOf, type ObjectKey, text } from './catalog-object.ts';
import { type CatalogReader, rowsOf } from './reader.ts';
import { USER_RELATION } from './sql-parts.ts';

const MATERIALIZED = `select c.oid, n.nspname || '.' || c.relname as name, format('%I.%I', n.nspname, c.relname) as id, c.relispopulated as populated
  from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'm' and ${USER_RELATION}`;

/** Fills what is filled on the source, after whatever it reads through views and functions is filled. */
export async function readRefreshes(reader: CatalogReader): Promise<CatalogObject[]> {
  const rows = await rowsOf(reader, MATERIALIZED);
  const all = new Map(rows.map((row) => [keyOf('pg_class', text(row, 'oid')), row]));
  return rows.flatMap((row) => {
    if (row['populated'] !== 't') return [];
    const key = keyOf('pg_class', text(row, 'oid'));
    const { views, everything } = reach(reader, key, new Set(all.keys()));
    const empty = views.filter((view) => all.get(view)?.['populated'] !== 't');
    const address = `MATERIALIZED VIEW ${text(row, 'id')}`;
    if (empty.length > 0) {
      const names = empty.map((view) => text(all.get(view) ?? {}, 'id')).join(', ');
      reader.report({
        object: address,
        message: `stays empty: it reads ${names}, which holds no data on the source any more`,
      });
      return [];
    }
    return [
      {
        key: refreshKey(key),
        kind: 'refresh',
        name: text(row, 'name'),
        section: 'post-data',
        statements: [{ tag: 'REFRESH MATERIALIZED VIEW', text: `REFRESH ${address}` }],
        relation: Number(text(row, 'oid')),
        requires: [key, ...everything, ...views.map(refreshKey)],
      },
    ];
  });
}

function refreshKey(view: ObjectKey): ObjectKey {
  return `${view}#refresh`;
}

/** All that a materialized view comes to read, directly or not; `views` are the materialized ones among them. */
function reach(
  { dependencies }: CatalogReader,
  start: ObjectKey,
  materialized: ReadonlySet<ObjectKey>,
): { readonly views: ObjectKey[]; readonly everything: ReadonlySet<ObjectKey> } {
  const everything = new Set<ObjectKey>();
  const waiting = [start];
  for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
    for (const need of dependencies.of(key)) {
      if (need === start || everything.has(need)) continue;
      everything.add(need);
      waiting.push(need);
    }
  }
  return { views: [...everything].filter((key) => materialized.has(key)), everything };
}
