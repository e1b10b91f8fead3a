"""Random but valid histories on the Stripe stand-in, and the NetSuite rows and mapping files that go with them.

A history belongs to one customer; it asks a `Dice` for every decision. `world.make` is the way in.
"""
