drop function walcast.random_id;
