drop table walcast.rewritten;
