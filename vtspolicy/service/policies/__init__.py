"""Policies changed by verbs, and looked after."""
