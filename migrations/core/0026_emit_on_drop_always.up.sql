alter event trigger "!walcast_2_drop" enable always;
