"""vtspolicy: policies for virtual tapes, and proven copies of them from one system to another."""

__version__ = "0.1.0"
