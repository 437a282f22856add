"""What may stand as a system's address."""

from __future__ import annotations

import pytest

from vtspolicy.policy.model import fields_of

READ = next(each.rule.read for each in fields_of("system") if each.key == "address")


@pytest.mark.parametrize("text", ["vts2", "vts2.example.com", "10.1.2.3", "::1", "fe80::1%eth0", "2001:db8::2",
                                  "::ffff:10.1.2.3"])
def test_host_names_and_addresses(text: str) -> None:
    assert READ(text) == text


@pytest.mark.parametrize("text", ["vts2:22", "10.1.2.3:22", "vts2.example.com:", ":22", "1:2:3", "fe80::1::2"])
def test_a_colon_stands_only_in_an_address_of_ipv6(text: str) -> None:
    with pytest.raises(ValueError, match=r"^expected a host name or an IP address; a port stands under the key port$"):
        READ(text)
