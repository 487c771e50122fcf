drop function walcast.row_query;
