"""A new publication, from the templates that come with the program."""

from __future__ import annotations

import shutil
from pathlib import Path

from publisher.errors import Refused
from publisher.rendering.environment import builtin

_BEGINNING = "init"


def begin(directory: Path, *, with_templates: bool) -> list[str]:
    """Write config.yaml and one article (and the templates); what was made. Raises Refused where one is."""
    if (directory / "config.yaml").exists():
        raise Refused(f"{directory / 'config.yaml'} is there already: nothing was changed")
    source = builtin() / _BEGINNING
    files = [f for f in sorted(source.rglob("*")) if f.is_file()]
    wanted = {directory / f.relative_to(source): f for f in files}
    if with_templates:
        kept = [f for f in sorted(builtin().rglob("*")) if f.is_file() and source not in f.parents]
        wanted |= {directory / "templates" / f.relative_to(builtin()): f for f in kept}
    made = []
    try:
        for target, file in wanted.items():
            if target.exists():
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
            made.append(str(target))
    except OSError as error:
        raise Refused(f"{error.filename}: {error.strerror}") from None
    return made
