"""NetSuite into `raw_netsuite`. `extract.netsuite.run` is the entry."""
