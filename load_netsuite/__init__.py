"""Writes to NetSuite what the marts say, and keeps the journal of it. Knows no rule of accounting."""
