drop event trigger if exists "!walcast_1_end";
