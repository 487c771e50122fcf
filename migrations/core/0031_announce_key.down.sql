drop function walcast.announce_key;
