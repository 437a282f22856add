"""`vtspolicy demo`: a whole story in a temporary folder, told with the commands that a user types."""
