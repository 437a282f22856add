"""Speed, as ratios to what everybody knows, measured in the same run: `make bench`. Nothing here is a test."""
