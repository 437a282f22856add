"""TEST SYSTEM: every step of the way to a system is taken, and told."""
