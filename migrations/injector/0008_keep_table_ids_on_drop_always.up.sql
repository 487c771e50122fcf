alter event trigger "!walcast_0_drop" enable always;
