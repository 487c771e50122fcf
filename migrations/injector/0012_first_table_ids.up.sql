-- After the triggers are there: what is made from now on, they see.
select walcast.fill_table_ids();
