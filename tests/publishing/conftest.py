"""Every feed that is made here is judged."""

from sound_feeds import every_feed_is_sound, wild_input  # noqa: F401
