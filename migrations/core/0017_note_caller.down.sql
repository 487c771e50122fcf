drop function walcast.note_caller;
