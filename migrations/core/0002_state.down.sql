drop table walcast.slot;
drop table walcast.rewritten;
drop table walcast.chosen_identity;
drop table walcast.setting;
