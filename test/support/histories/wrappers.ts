import type { Draw } from './draw.ts';

/** Made by the bed before any history. */
export const RUN_DDL = 'public.run_ddl';
export const MAKE_RUN_DDL = `create function ${RUN_DDL}(command text) returns void language plpgsql as $$ begin execute command; end $$`;

interface Wrapper {
  readonly name: string;
  wrap(sql: string): string;
}

/** Ways in which a statement of DDL reaches the server other than by itself. */
export const WRAPPERS: readonly Wrapper[] = [
  { name: 'in a DO block', wrap: (sql) => `do $do$ begin ${sql}; end $do$` },
  {
    name: 'in an exception block, undone and done',
    wrap: (sql) =>
      `do $do$ begin begin ${sql}; raise exception 'undone'; exception when raise_exception then null; end; ${sql}; end $do$`,
  },
  { name: 'by EXECUTE in a function', wrap: (sql) => `select ${RUN_DDL}($ddl$${sql}$ddl$)` },
  {
    name: 'by EXECUTE in a DO block',
    wrap: (sql) => `do $do$ declare command text := $ddl$${sql}$ddl$; begin execute command; end $do$`,
  },
  {
    name: 'in an exception block that is left',
    wrap: (sql) => `do $do$ begin begin ${sql}; exception when others then raise; end; end $do$`,
  },
];

/** A statement and where it stood; a block cannot hold every one. */
export function wrapped(draw: Draw, sql: string): { readonly sql: string; readonly name: string } | null {
  if (/\$(do|ddl)\$/.test(sql) || /^select |; select /.test(sql)) return null;
  const { name, wrap } = draw.pick(WRAPPERS);
  return { name, sql: wrap(sql) };
}
