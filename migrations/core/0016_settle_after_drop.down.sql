drop function walcast.settle_after_drop;
