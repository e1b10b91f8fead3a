"""One extract in a process of its own, for tests that kill it: `python crash.py URL WAREHOUSE`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

from extract.landing import landing
from extract.raw_tables import declare_stripe_tables
from extract.stripe.run import read_stripe
from progress import Progress
from settings import Settings
from warehouse.connection import open_warehouse

landing.PACKAGE_BYTES = 100_000  # many small packages give many moments for a kill

if __name__ == "__main__":
    settings = Settings(
        _env_file=None,
        stripe_api_key="rk_test_1",
        stripe_api_base=sys.argv[1],
        warehouse_path=sys.argv[2],
        stripe_requests_per_second=60,
        stripe_requests_per_second_total=200,
    )
    with open_warehouse(settings.warehouse_path) as connection:
        declare_stripe_tables(connection)
        read_stripe(settings, connection, Progress(quiet=True), first_wait=0.05)
