"""A proof: the page of an article as a build would make it, for somebody who looks at it alone."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import replace
from urllib.parse import urlsplit

from publisher.config.schema import Config
from publisher.model.articles import Article
from publisher.publishing.site import site_of
from publisher.rendering import pages
from publisher.rendering.environment import Templates
from publisher.rendering.pages import Frame

_SCRIPT = re.compile(r"<script\b.*?</script>\s*", re.DOTALL)


def proof(config: Config, templates: Templates, article: Article, *, withdrawn: bool = False) -> str:
    """The page, with its stylesheet in it and the publication's own pictures by their paths.

    So it asks nobody but the server that it came from. Its neighbours, and what it says to search engines in
    a script, are left out. Raises ContentError for a fault in a template.
    """
    css = pages.stylesheet(templates, config.look)
    inside = f"data:text/css;base64,{b64encode(css.encode()).decode()}"
    frame = Frame(templates, replace(site_of(config), css_url=inside))
    page = pages.withdrawn(frame, article) if withdrawn else pages.article(frame, article, None, None)
    page = _SCRIPT.sub("", page)
    return page.replace(f'src="{config.publication.url}/', f'src="{urlsplit(config.publication.url).path}/')
