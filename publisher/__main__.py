"""`python -m publisher`, the same as the console script."""

from publisher.cli import main

main()
