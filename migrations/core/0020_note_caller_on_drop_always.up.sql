-- What a session with session_replication_role = replica changes is in the WAL like anything else, so its DDL has to be as well.
alter event trigger "!walcast_1_drop" enable always;
