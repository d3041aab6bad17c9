"""One chunk, executed through the ORM: the only place where operations touch records."""
