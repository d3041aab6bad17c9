"""What a transaction needs around operations that nobody here has written."""
