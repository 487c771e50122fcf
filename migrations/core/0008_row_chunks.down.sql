drop function walcast.row_chunks;
