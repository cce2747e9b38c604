"""Fn::Cidr: blocks cut out of an address block."""

from __future__ import annotations

import ipaddress
from itertools import islice

from harness.emulator.services.cloudformation.errors import template_error

_DEFAULT_BITS = "8"


def cidr_blocks(block: str, count: str, bits: str = _DEFAULT_BITS) -> list[str]:
    """`count` (1-256) blocks of `bits` host bits from the start of `block`. Raises ValidationError."""
    try:
        network = ipaddress.ip_network(block)
        wanted, host_bits = int(count), int(bits)
        if not 1 <= wanted <= 256:
            raise ValueError
        found = [str(one) for one in islice(network.subnets(new_prefix=network.max_prefixlen - host_bits), wanted)]
    except ValueError:
        raise template_error("Fn::Cidr requires an address block, a count from 1 to 256 and valid cidrBits") from None
    if len(found) < wanted:
        raise template_error(f"Fn::Cidr: {block} does not hold {wanted} blocks of {host_bits} host bits")
    return found
