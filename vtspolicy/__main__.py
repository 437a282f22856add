"""`python -m vtspolicy`."""

from vtspolicy.entry import vtspolicy

vtspolicy()
