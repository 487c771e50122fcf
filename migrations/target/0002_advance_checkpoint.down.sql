drop function walcast.advance_checkpoint;
