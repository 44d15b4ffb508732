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

# what a small file may hold is not endless: each file in it is looked for among all of them, several times
_LARGEST, _MOST = 4 << 30, 100


def sheets(file: Path, say: Callable[[str], None], name: str = "") -> list[Sheet]:
    """The sheets to take from a file; `say` is told of what is passed over. Raises Refused.

    `name` is what the file is called in messages, where that is not its path.
    """
    called = name or str(file)
    if not zipfile.is_zipfile(file):
        return [csv_text.read(file, place=called)]
    try:
        with zipfile.ZipFile(file) as bundle:
            listed = [i for i in bundle.infolist() if _is_sheet(i.filename)]
        if sum(one.file_size for one in listed) > _LARGEST:
            raise Refused(f"{called}: nothing was taken: it holds more than {_LARGEST >> 30} GB of text")
        if len(listed) > _MOST:
            raise Refused(f"{called}: nothing was taken: it holds more than {_MOST} CSV files")
        names = [one.filename for one in listed]
        found = [_member(file, one, called) for one in names]
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise Refused(f"{called}: cannot be read: {error}") from None
    known = [sheet for sheet in found if recognised(sheet.header, sheet.place)]
    for sheet in found:
        if sheet not in known:
            say(f"{sheet.place}: passed over, for it is no list of subscribers that is known here")
    if not known:
        raise Refused(f"{called}: nothing was taken: no file in it is an export that is known here")
    # who left first: of an address that stands in two of them, that is what counts
    return sorted(known, key=lambda sheet: ("unsubscribed" not in sheet.place, sheet.place))


def _is_sheet(name: str) -> bool:
    return name.lower().endswith(".csv") and "__MACOSX" not in name


def _member(file: Path, name: str, called: str) -> Sheet:
    return csv_text.read(file, partial(_opened, file, name), f"{called}/{name}")


def _opened(file: Path, name: str) -> BinaryIO:
    # the archive stays open until its member is closed
    return cast(BinaryIO, zipfile.ZipFile(file).open(name))
