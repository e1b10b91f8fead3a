"""What NetSuite holds and what the marts say after a run, against the oracle. `run.check_run` is the way in."""
