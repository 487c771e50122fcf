drop event trigger if exists "!walcast_2_drop";
