"""The road to another system: the connection, its keys, its streams."""
