"""The line, and what stands along it: prepared, carried out, kept in the books."""
