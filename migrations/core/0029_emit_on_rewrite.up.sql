create event trigger "!walcast_2_rewrite" on table_rewrite execute function walcast.emit();
