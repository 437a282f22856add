"""Plans made true: tapes read, sent, proven and published."""
