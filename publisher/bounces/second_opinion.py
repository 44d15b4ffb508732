"""flufl.bounce, which knows many formats of old: asked where we found nothing in what looks like a report."""

from __future__ import annotations

import logging
from email import message_from_bytes

from publisher.bounces.mime import LARGEST
from publisher.bounces.verdict import Failure

_LARGEST = min(LARGEST, 200_000)  # it looks at every line once for each of its forty patterns


def failures(data: bytes) -> tuple[Failure, ...]:
    """Recipients that failed for good as hard, those that only wait as nothing; empty: it knows neither."""
    from flufl.bounce import all_failures  # loaded for the few mails that nothing else explains

    logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)
    try:
        waiting, failed = all_failures(message_from_bytes(data[:_LARGEST]))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return ()  # a mail that the standard library's parser cannot take
    if failed:
        return (Failure("hard", "", "", _texts(failed)),)
    return (Failure("nothing", "", "", _texts(waiting)),) if waiting else ()


def _texts(addresses: frozenset[bytes]) -> tuple[str, ...]:
    return tuple(sorted(address.decode("ascii", "replace") for address in addresses))
