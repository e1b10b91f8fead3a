"""python -m tests.acceptance SEED [SEED ...] [--customers N] [--mode full|kill|move] [--keep]."""

import sys

from tests.acceptance.scenario import main

sys.exit(main(sys.argv[1:]))
