"""Stand-ins for Stripe and NetSuite on loopback, and a demo company in both."""
