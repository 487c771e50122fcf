drop table walcast.chosen_identity;
