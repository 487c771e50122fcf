drop table walcast.setting;
