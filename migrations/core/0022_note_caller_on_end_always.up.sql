alter event trigger "!walcast_1_end" enable always;
