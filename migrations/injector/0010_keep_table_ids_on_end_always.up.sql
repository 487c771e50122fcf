alter event trigger "!walcast_0_end" enable always;
