"""Stripe into `raw_stripe`. `extract.stripe.run` is the entry."""
