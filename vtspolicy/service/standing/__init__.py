"""How things stand: tapes, pools, systems, freezes and what happened; nothing here changes anything."""
