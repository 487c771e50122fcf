alter event trigger "!walcast_2_end" enable always;
