"""What would be done to which tape, and why: pure functions over what both sides hold."""
