drop function walcast.emit;
