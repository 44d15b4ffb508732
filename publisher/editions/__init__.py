"""Deciding what an edition holds, for whom and when: pure, with time as an argument."""
