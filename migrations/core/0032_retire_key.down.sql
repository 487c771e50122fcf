drop function walcast.retire_key;
