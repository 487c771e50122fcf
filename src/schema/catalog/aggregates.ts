import { type CatalogObject, keyOf, part, type Row, text } from './catalog-object.ts';
import { type CatalogReader, rowsOf } from './reader.ts';
import { noMember, ownerName, USER_SCHEMA } from './sql-parts.ts';

const procedure = (column: string): string => `nullif(a.${column}::oid, 0)::regproc::text`;

const AGGREGATES = `select p.oid, n.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' as name,
    format('%I.%I', n.nspname, p.proname) as id, coalesce(nullif(pg_get_function_identity_arguments(p.oid), ''), '*') as arguments,
    coalesce(nullif(pg_get_function_arguments(p.oid), ''), '*') as signature,
    ${ownerName('p.proowner')} as owner, a.aggkind as kind, a.aggtransfn::regproc::text as sfunc, format_type(a.aggtranstype, null) as stype,
    nullif(a.aggtransspace, 0) as sspace, ${procedure('aggfinalfn')} as finalfunc, a.aggfinalextra as finalextra, a.aggfinalmodify as finalmodify,
    ${procedure('aggcombinefn')} as combinefunc, ${procedure('aggserialfn')} as serialfunc, ${procedure('aggdeserialfn')} as deserialfunc,
    quote_literal(a.agginitval) as initcond, ${procedure('aggmtransfn')} as msfunc, ${procedure('aggminvtransfn')} as minvfunc,
    case when a.aggmtranstype <> 0 then format_type(a.aggmtranstype, null) end as mstype, nullif(a.aggmtransspace, 0) as msspace,
    ${procedure('aggmfinalfn')} as mfinalfunc, a.aggmfinalextra as mfinalextra, a.aggmfinalmodify as mfinalmodify, quote_literal(a.aggminitval) as minitcond,
    (select format('OPERATOR(%I.%s)', o_n.nspname, o.oprname) from pg_operator o join pg_namespace o_n on o_n.oid = o.oprnamespace where o.oid = a.aggsortop) as sortop,
    p.proparallel as parallel
  from pg_aggregate a join pg_proc p on p.oid = a.aggfnoid join pg_namespace n on n.oid = p.pronamespace
  where ${USER_SCHEMA} and ${noMember('pg_proc', 'p.oid')}`;

const MODIFIES: Readonly<Record<string, string>> = { r: 'READ_ONLY', s: 'SHAREABLE', w: 'READ_WRITE' };
const PARALLEL: Readonly<Record<string, string>> = { s: 'SAFE', r: 'RESTRICTED' };

export async function readAggregates(reader: CatalogReader): Promise<CatalogObject[]> {
  return (await rowsOf(reader, AGGREGATES)).map((row) => {
    const address = `AGGREGATE ${text(row, 'id')}(${text(row, 'arguments')})`;
    return {
      key: keyOf('pg_proc', text(row, 'oid')),
      kind: 'aggregate',
      name: text(row, 'name'),
      section: 'pre-data',
      statements: [
        {
          tag: 'CREATE AGGREGATE',
          text: `CREATE AGGREGATE ${text(row, 'id')}(${text(row, 'signature')}) (${definition(row)})`,
        },
        { tag: 'ALTER AGGREGATE', text: `ALTER ${address} OWNER TO ${text(row, 'owner')}` },
      ],
      address,
    };
  });
}

function definition(row: Row): string {
  const ordered = row['kind'] !== 'n';
  const parts = [
    `SFUNC = ${text(row, 'sfunc')}`,
    `STYPE = ${text(row, 'stype')}`,
    part('SSPACE = ', row['sspace']),
    part('FINALFUNC = ', row['finalfunc']),
    row['finalextra'] === 't' ? 'FINALFUNC_EXTRA' : '',
    // what is usual differs between plain and ordered-set aggregates: always said, where there is such a function
    row['finalfunc'] === null ? '' : part('FINALFUNC_MODIFY = ', MODIFIES[text(row, 'finalmodify')]),
    part('COMBINEFUNC = ', row['combinefunc']),
    part('SERIALFUNC = ', row['serialfunc']),
    part('DESERIALFUNC = ', row['deserialfunc']),
    part('INITCOND = ', row['initcond']),
    part('MSFUNC = ', row['msfunc']),
    part('MINVFUNC = ', row['minvfunc']),
    part('MSTYPE = ', row['mstype']),
    part('MSSPACE = ', row['msspace']),
    part('MFINALFUNC = ', row['mfinalfunc']),
    row['mfinalextra'] === 't' ? 'MFINALFUNC_EXTRA' : '',
    row['mfinalfunc'] === null ? '' : part('MFINALFUNC_MODIFY = ', MODIFIES[text(row, 'mfinalmodify')]),
    part('MINITCOND = ', row['minitcond']),
    part('SORTOP = ', row['sortop']),
    part('PARALLEL = ', PARALLEL[text(row, 'parallel')]),
    row['kind'] === 'h' ? 'HYPOTHETICAL' : '',
  ];
  return parts.filter((entry) => entry !== '' && (!ordered || !entry.startsWith('SORTOP'))).join(', ');
}
