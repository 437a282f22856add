"""What was copied where, proven when, by which run; and the event log. All SQL of the product is in this room."""
