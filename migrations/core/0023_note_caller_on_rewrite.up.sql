create event trigger "!walcast_1_rewrite" on table_rewrite execute function walcast.note_caller();
