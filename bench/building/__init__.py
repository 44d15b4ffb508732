"""Articles to build, and the other side."""
