"""A newsletter and feed publisher: one folder of articles becomes feeds, pages and mail."""

__version__ = "0.1.0"
