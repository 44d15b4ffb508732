"""A newsletter and feed publisher: one folder of articles, two mouths, feeds that are pulled and mail that is sent."""

__version__ = "0.1.0"
