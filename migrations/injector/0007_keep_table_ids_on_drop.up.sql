-- Fires before the triggers of the core: those of one event fire in the order of their names.
create event trigger "!walcast_0_drop" on sql_drop execute function walcast.keep_table_ids();
