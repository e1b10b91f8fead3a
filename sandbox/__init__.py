"""Stand-ins for Stripe and NetSuite on loopback, and a demo company that lives in both."""
