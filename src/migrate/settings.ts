/** Settings under which the files mean what they say, whatever role and database have. Local to the transaction. */
export const SETTINGS = `set local search_path = pg_catalog, pg_temp; set local client_min_messages = warning;
set local standard_conforming_strings = on; set local check_function_bodies = on; set local default_tablespace = '';
set local default_table_access_method = heap; set local transform_null_equals = off;
set local row_security = off;`;
