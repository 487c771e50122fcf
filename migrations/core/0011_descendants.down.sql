drop function walcast.descendants;
