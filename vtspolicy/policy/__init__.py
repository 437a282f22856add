"""Policies: frozen models, the strict reader, the writer, and what a Command means among them."""
