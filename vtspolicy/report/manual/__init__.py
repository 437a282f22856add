"""The manual pages, made from the definitions that the program itself works by.

`python -m vtspolicy.report.manual man/` writes them. What a page says of a verb, a policy field, an event or a state
word is taken from where it is defined; the text around it stands in this package.
"""

from __future__ import annotations

from collections.abc import Mapping

from vtspolicy.report.manual import event_page, policy_page, program_page


def pages() -> Mapping[str, str]:
    """Every page by its path in the manual's folder: `man1/vtspolicy.1`."""
    return {
        "man1/vtspolicy.1": program_page.page(),
        "man5/vtspolicy-policy.5": policy_page.page(),
        "man7/vtspolicy-events.7": event_page.page(),
    }
