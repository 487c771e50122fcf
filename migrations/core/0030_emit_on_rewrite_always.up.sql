alter event trigger "!walcast_2_rewrite" enable always;
