"""What an export holds: a CSV file, or a ZIP with several, of which those of a known system are taken."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

from publisher.errors import Refused
from publisher.subscribing import csv_text
from publisher.subscribing.csv_text import Sheet
from publisher.subscribing.systems import recognised


def sheets(file: Path, say: Callable[[str], None]) -> list[Sheet]:
    """The sheets to take from a file; `say` is told of what is passed over. Raises Refused."""
    if not zipfile.is_zipfile(file):
        return [csv_text.read(file)]
    try:
        with zipfile.ZipFile(file) as bundle:
            names = [n for n in bundle.namelist() if n.lower().endswith(".csv") and "__MACOSX" not in n]
        found = [_member(file, name) for name in names]
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise Refused(f"{file}: cannot be read: {error}") from None
    known = [sheet for sheet in found if recognised(sheet.header, sheet.place)]
    for sheet in found:
        if sheet not in known:
            say(f"{sheet.place}: passed over, for it is no list of subscribers that is known here")
    if not known:
        raise Refused(f"{file}: nothing was taken: no file in it is an export that is known here")
    # who left first: of an address that stands in two of them, that is what counts
    return sorted(known, key=lambda sheet: ("unsubscribed" not in sheet.place, sheet.place))


def _member(file: Path, name: str) -> Sheet:
    return csv_text.read(file, partial(_opened, file, name), f"{file}/{name}")


def _opened(file: Path, name: str) -> BinaryIO:
    # the archive stays open until its member is closed
    return cast(BinaryIO, zipfile.ZipFile(file).open(name))
