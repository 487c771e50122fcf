/**
 * Runs a statement with the rights of its function's owner. Values come as an array and become literals on the server, so that each is read
 * by the input function of the type it meets and by no cast that a user may have defined.
 */
export const RUNNER_CODE = `
declare
  hit bigint;
begin
  if path is not null then
    perform pg_catalog.set_config('search_path', path, true);
  end if;
  if parameters is null then
    execute statement;
  else
    execute pg_catalog.format(statement, variadic parameters);
  end if;
  get diagnostics hit = row_count;
  return hit;
end `;
