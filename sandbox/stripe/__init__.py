"""A Stripe stand-in: `billing` makes reconciling histories by operations, `server` shows them over HTTP."""
