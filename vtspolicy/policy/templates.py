"""What two templates have to do with each other: may they select the same name, does one select all that another does?

`*` stands for any run of characters, also none, `?` for one. Names hold neither.
"""

from __future__ import annotations

from vtspolicy.policy.places import has_wildcard


def overlap(one: str, other: str) -> bool:
    """Whether some name is selected by both templates."""
    if not has_wildcard(one + other):
        return one == other
    reached = _from_star(other, {0})
    for character in one:
        if character == "*":
            reached = set(range(min(reached, default=len(other) + 1), len(other) + 1))
            continue
        after: set[int] = set()
        for place in reached:
            if place < len(other):
                if other[place] == "*":
                    after.add(place)
                elif character == "?" or other[place] in ("?", character):
                    after.add(place + 1)
        reached = _from_star(other, after)
    return len(other) in reached


def covers(general: str, special: str) -> bool:
    """Whether every name that `special` selects is surely selected by `general`.

    False may also mean that it cannot be told from the two texts, side by side.
    """
    reached = _from_star(general, {0})
    for character in special:
        after: set[int] = set()
        for place in reached:
            if place < len(general):
                if general[place] == "*":
                    after.add(place)
                elif general[place] == character or (general[place] == "?" and character != "*"):
                    after.add(place + 1)
        reached = _from_star(general, after)
    return len(general) in reached


def _from_star(template: str, places: set[int]) -> set[int]:
    """The places, and those that are reached from them when each `*` stands for nothing."""
    found = set(places)
    for start in places:
        behind = start
        while behind < len(template) and template[behind] == "*":
            behind += 1
            found.add(behind)
    return found
