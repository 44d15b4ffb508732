"""Languages: the words of pages and of mail, dates, and which way a text runs. The source is English."""

from __future__ import annotations

from publisher.languages.catalogues import Catalogue, Catalogues
from publisher.languages.dates import long_date, month
from publisher.languages.directions import direction, direction_of_article

__all__ = ["Catalogue", "Catalogues", "direction", "direction_of_article", "long_date", "month"]
