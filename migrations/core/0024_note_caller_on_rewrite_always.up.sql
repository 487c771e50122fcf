alter event trigger "!walcast_1_rewrite" enable always;
