drop event trigger if exists "!walcast_0_drop";
