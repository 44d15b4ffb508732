"""What is frozen of an edition, held against what mailbox providers ask, before any of it leaves."""

from __future__ import annotations

from collections.abc import Iterator

from publisher.config.schema import Config
from publisher.editions import layout
from publisher.model.findings import Finding
from publisher.model.mail import Piece, Variant
from publisher.rendering import joining
from publisher.store import Store, contents, frozen
from publisher.store.editions import Edition


def inspect(store: Store, config: Config, edition: Edition) -> list[Finding]:
    """What is wrong with an edition, what keeps it from leaving first.

    Everything that any variant holds is looked at once for each language, as one long mail; the size is that
    of the largest.
    """
    from publisher.messages import parts  # loads a parser of HTML, which most commands do without

    with store.read() as tx:
        largest = contents.numbers(tx, edition.id)[2]
        lines = contents.lines(tx, edition.id)
        pieces = frozen.frozen_pieces(tx, edition.id)
    postal = config.publication.postal_address
    found = list(_size(edition, largest))
    for language, (subject, preheader) in lines.items():
        variant = _everything(edition, pieces, language, subject, preheader)
        found += parts.look(edition.name, variant, postal)
        found += parts.silent(edition.name, variant)
    return sorted(dict.fromkeys(found), key=lambda one: (one.level != "error", one.rule, one.message))


def _size(edition: Edition, largest: int) -> Iterator[Finding]:
    if largest > layout.LIMIT:
        message = f"{largest} bytes: Gmail hides what comes after 102 kB"
        yield Finding(edition.name, "size", message, "error")


def _everything(
    edition: Edition, pieces: dict[str, Piece], language: str, subject: str, preheader: str
) -> Variant:
    """All that an edition holds in a language, joined."""
    html, text = joining.fill(
        pieces[f"frame/{language}"],
        subject=subject,
        preheader=preheader,
        intro=next(iter(_named(pieces, "intro/", language, edition)), None) if edition.intro else None,
        stories=_named(pieces, "", language, edition),
        more=next(iter(_named(pieces, "more/", language, edition)), None),
    )
    return Variant(0, subject, language, html, text)


def _named(pieces: dict[str, Piece], kind: str, language: str, edition: Edition) -> list[Piece]:
    """The newest pieces of a kind first; without a kind the stories that nobody dropped."""
    mine = [name for name in pieces if name.endswith(f"/{language}")]
    if kind:
        return [pieces[name] for name in reversed(mine) if name.startswith(kind)]
    dropped = set(edition.arrangement.get("dropped", ()))
    stories = {name: name.rsplit("/", 2)[0].rpartition("@")[0] for name in mine if "@" in name}
    return [pieces[name] for name, article in stories.items() if article and article not in dropped]
