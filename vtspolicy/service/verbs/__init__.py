"""What each verb does: light rooms that import what a verb needs when it is used."""
