select walcast.new_key();
