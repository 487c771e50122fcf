drop table walcast.pending_index;
