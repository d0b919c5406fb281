"""Which addresses belong to the open internet, so that what strangers name may be connected to. Pure.

Refused is whatever leads into a network of one's own: this machine, private and link-local networks (with the metadata
services of clouds), multicast, what is reserved, and IPv6 addresses that carry an IPv4 address which may be such a one.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

# Beside what `ipaddress` knows to be not global. By RFC: 7526 (6to4 relays), 3056 (6to4), 4380 (Teredo), 4291 (IPv4 in
# IPv6), 8215 (translation inside a network), 3879 (site-local); and where each machine of Azure finds its host
# (learn.microsoft.com, "What is IP address 168.63.129.16?").
_REFUSED: Final = tuple(
    ip_network(one)
    for one in (
        *("168.63.129.16/32", "192.88.99.0/24"),
        *("2002::/16", "2001::/32", "::/96", "::ffff:0:0/96", "64:ff9b:1::/48", "fec0::/10"),
    )
)
# RFC 6052: a network without IPv4 shows the others' addresses so.
_TRANSLATED: Final = ip_network("64:ff9b::/96")
_OF_IPV4: Final = 0xFFFFFFFF


def is_public(address: str) -> bool:
    """Whether an address, as the resolver tells it, is one of the open internet. Raises ValueError for what is none."""
    found = ip_address(address.partition("%")[0])  # without the interface of a link-local one
    if isinstance(found, IPv6Address) and found in _TRANSLATED:
        return _is_public(IPv4Address(int(found) & _OF_IPV4))
    return _is_public(found)


def _is_public(found: IPv4Address | IPv6Address) -> bool:
    if any(found.version == one.version and found in one for one in _REFUSED):
        return False
    odd = found.is_multicast or found.is_reserved or found.is_unspecified or found.is_loopback or found.is_link_local
    return found.is_global and not odd
