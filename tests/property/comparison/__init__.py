"""Every mart row against the oracle, difference by difference. `compare.compare` is the way in."""
