"""Answers of the Stripe API that are errors (facts 3.4)."""

from __future__ import annotations

import msgspec


class ApiError(Exception):
    """An error answer: HTTP `status`, Stripe's error object as JSON `body`, extra `headers`."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        type: str = "invalid_request_error",
        reason: str | None = None,
        **fields: str,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = msgspec.json.encode({"error": {"type": type, "message": message} | fields})
        self.headers = {"Stripe-Rate-Limited-Reason": reason} if reason else {}
