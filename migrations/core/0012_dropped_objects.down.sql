drop function walcast.dropped_objects;
