"""Which addresses strangers may name."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.addresses import is_public

OWN = [
    *("127.0.0.1", "127.255.255.254", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
    *("169.254.169.254", "100.64.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.1", "192.0.2.1", "198.18.0.1"),
    *("198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "192.88.99.1"),
    *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "2001:db8::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "2002:7f00:1::", "2001:0:7f00:1::"),
    *("64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::1"),
]


@pytest.mark.parametrize("address", OWN)
def test_what_leads_into_a_network_of_ones_own_is_refused(address: str) -> None:
    """This machine, private, link-local, multicast, reserved, in both families and in one inside the other."""
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "172.32.0.1", "2606:4700::1111", "64:ff9b::808:808"])
def test_the_open_internet_is_not(address: str) -> None:
    """Also by the translation of a network that has no IPv4 itself."""
    assert is_public(address)


PRIVATE = [ip_network(one) for one in ("10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "192.168.0.0/16", "224.0.0.0/3")]


@given(st.sampled_from(PRIVATE).flatmap(lambda net: st.integers(int(net[0]), int(net[-1]))))
def test_no_form_of_a_private_address_gets_through(number: int) -> None:
    """However IPv6 writes it."""
    address = IPv4Address(number)
    forms = [address, *(IPv6Address(prefix << 32 | number) for prefix in (0, 0xFFFF, 0x64FF9B << 64))]
    forms.append(IPv6Address(0x2002 << 112 | number << 80))
    assert not any(is_public(str(form)) for form in forms)


def test_what_is_no_address_is_an_error() -> None:
    """A name is not looked up here."""
    with pytest.raises(ValueError, match="does not appear"):
        is_public("localhost")
