"""Copies read again, and the catalog made anew from what lies on the targets."""
