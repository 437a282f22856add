"""What tells one state of a file from another."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Identity:
    """What tells one state of a file from another without reading it. None where a system cannot say."""

    size: int
    mtime_ns: int
    inode: int | None = None
    ctime_ns: int | None = None

    def fits(self, other: Identity) -> bool:
        """Whether both may be the same state of the same file: what both know is equal."""
        return (self.looks_like(other) and _agree(self.inode, other.inode) and _agree(self.ctime_ns, other.ctime_ns))

    def looks_like(self, other: Identity) -> bool:
        """Whether size and time of last change are equal; whole seconds count where one side knows no more."""
        if self.size != other.size:
            return False
        if self.inode is None or other.inode is None:
            return self.mtime_ns // 10**9 == other.mtime_ns // 10**9
        return self.mtime_ns == other.mtime_ns


def _agree(one: int | None, other: int | None) -> bool:
    return one is None or other is None or one == other
