"""The command language: text in, one Command out."""
