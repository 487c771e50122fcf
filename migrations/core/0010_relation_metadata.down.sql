drop function walcast.relation_metadata;
