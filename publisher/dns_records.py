"""Text records of the DNS, by which a domain says who may send for it."""

from __future__ import annotations

import dns.exception
import dns.resolver
from dns.rdtypes.ANY.TXT import TXT

_PATIENCE = 3.0


def txt(
    name: str, resolver: dns.resolver.Resolver | None = None, patience: float = _PATIENCE
) -> list[str] | None:
    """The TXT records at `name`; none where there is no such name. None: no answer in `patience` seconds."""
    try:
        asked = resolver or dns.resolver.Resolver()
        answer = asked.resolve(name, "TXT", lifetime=patience)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except (dns.exception.DNSException, OSError, ValueError):
        return None
    return [b"".join(found.strings).decode("utf-8", "replace") for found in answer if isinstance(found, TXT)]
