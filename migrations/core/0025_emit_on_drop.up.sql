create event trigger "!walcast_2_drop" on sql_drop execute function walcast.emit();
