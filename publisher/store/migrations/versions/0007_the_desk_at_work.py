"""Counters and figures, hand editions, imports, and the API's own tables"""

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """New tables, columns with a default, and triggers: programs of version 0003 go on beside it."""
    _counters()
    _editing()
    _imports()
    _api()


def _counters() -> None:
    """How many deliveries of each edition have each status, and the figures of each day."""


def _editing() -> None:
    """What editors choose, order and write before an edition is cut."""


def _imports() -> None:
    """Imports under way, and what they refused."""


def _api() -> None:
    """Requests that are not done twice, and what is told to other programs."""
