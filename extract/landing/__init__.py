"""Rows into the warehouse, while the next pages are being read."""
