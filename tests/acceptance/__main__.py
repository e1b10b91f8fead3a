"""python -m tests.acceptance SEED [SEED ...] [--customers N] [--mode full|short] [--keep]."""

import sys

from tests.acceptance.scenario import main

sys.exit(main(sys.argv[1:]))
