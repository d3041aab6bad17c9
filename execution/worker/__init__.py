"""What a chunk shares with its whole process: the time limit, the stop, the connections."""
