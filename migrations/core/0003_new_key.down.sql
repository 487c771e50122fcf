drop function walcast.new_key;
