drop function walcast.mac;
