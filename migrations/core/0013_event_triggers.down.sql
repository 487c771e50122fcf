drop event trigger if exists walcast_2_rewrite;
drop event trigger if exists walcast_2_end;
drop event trigger if exists walcast_2_drop;
drop event trigger if exists walcast_1_rewrite;
drop event trigger if exists walcast_1_end;
drop event trigger if exists walcast_1_drop;
