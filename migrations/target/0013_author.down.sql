drop function walcast.author;
