"""Commands carried out: the line from a request to the catalog, and what stands beside it."""
