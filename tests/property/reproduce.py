"""Again, one history: python -m tests.property.reproduce <combination> <seed> <number>."""

import sys
import tempfile
from pathlib import Path

from tests.property.checks import COMBINATIONS, compare, dice_for, make, reproduction, run_models


def main(name: str, seed: int, number: int) -> int:
    combination = next(c for c in COMBINATIONS if c.name == name)
    world = make(combination, [(number, dice_for(seed, combination, number))])
    with tempfile.TemporaryDirectory() as folder:
        differences = compare(world, combination, run_models(world, Path(folder), combination))
    print(reproduction(world, combination, seed, differences) if differences else "no difference")
    return int(bool(differences))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
