"""What admins write, read into values: the whole catalog, or every finding at once."""
