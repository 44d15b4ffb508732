"""The scripts that write the reference stand beside it."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "docs"))
