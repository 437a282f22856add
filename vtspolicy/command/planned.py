"""Words that have a meaning to come, and none yet."""

from __future__ import annotations

PLANNED_VERBS = ("STOP", "ABORT", "SUSPEND", "ACTIVATE", "RETRY", "WAIT",
                 "OBEY", "OUT", "LOG", "FC", "HISTORY", "VOLUME", "ASSUME", "ALLOW", "EXIT", "WHY")
"""Verbs that have a meaning to come, and none yet."""

PLANNED_OBJECTS = ("JOB", "HOST", "HANDLER", "ACCESS")
"""Objects that have a meaning to come, and none yet."""
