drop function walcast.row_code;
