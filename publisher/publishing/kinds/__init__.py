"""The kinds of public files. Where two want the same place, the later in this list has it."""

from __future__ import annotations

from publisher.publishing.kinds.articles import ArticlePages, WithdrawnPages
from publisher.publishing.kinds.assets import Assets
from publisher.publishing.kinds.collections import CollectionPages, Directories
from publisher.publishing.kinds.crawlers import Sitemaps
from publisher.publishing.kinds.editions import EditionPages
from publisher.publishing.kinds.feed_documents import FeedDocuments
from publisher.publishing.kinds.feeds_page import FeedsPage
from publisher.publishing.kinds.redirects import Redirects
from publisher.publishing.kinds.search import Search
from publisher.publishing.kinds.site_files import FrontPage, SiteFiles
from publisher.publishing.planned import Kind

# what articles bring along never stands in the place of a page or a feed, nor does a sign to another page
KINDS: tuple[Kind, ...] = (
    Redirects(),
    Assets(),
    CollectionPages(),
    Directories(),
    Search(),
    Sitemaps(),
    SiteFiles(),
    FeedsPage(),
    FrontPage(),
    ArticlePages(),
    WithdrawnPages(),
    EditionPages(),
    FeedDocuments(),
)
