"""`python -m tests.simulation SEED`: one history, step by step. `... FIRST COUNT`: many histories."""

from __future__ import annotations

import logging
import sys
import time

from tests.simulation.history import History, play


def main() -> int:
    logging.disable()
    if len(sys.argv) == 3:
        first, count = int(sys.argv[1]), int(sys.argv[2])
        started = time.monotonic()
        result = play(range(first, first + count), tell=print)
        print(f"{result.histories} histories in {time.monotonic() - started:.1f} s, {len(result.failures)} failures")
        return 1 if result.failures else 0
    history = History(int(sys.argv[1]))
    try:
        history.run()
    finally:
        print("\n".join(history.steps))
    print("all invariants hold")
    return 0


if __name__ == "__main__":
    sys.exit(main())
