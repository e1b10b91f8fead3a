"""A stand-in for NetSuite: books that are as strict as the real ones, SuiteQL, and the REST service on
loopback."""
