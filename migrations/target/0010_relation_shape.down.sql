drop function walcast.relation_shape;
