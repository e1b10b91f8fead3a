"""The Stripe client: GET only, one pinned API version, with retries, never a part of an answer.

    stripe = StripeClient(base, key, per_endpoint=20, total=80)
    page = stripe.page("/v1/credit_notes", {"limit": 100, "created[gte]": 1767225600})
    page.items      # list of dicts, private fields included
    page.has_more

Answers and actions (limits: docs.stripe.com/rate-limits, error bodies: docs.stripe.com/api/errors):

| answer                                           | action                                                  |
|--------------------------------------------------|---------------------------------------------------------|
| 200, complete, in the pinned version             | used                                                    |
| 200, not JSON, not a list, doubled, out of order | asked again, then `Inconsistent`                        |
| 200 in another `Stripe-Version`                  | `Inconsistent` at once                                  |
| an object of the other `livemode`                | `WrongBooks` at once (rule I2)                          |
| a `Date` more than a day off this machine's clock | `ClockWrong` at once (rule P9)                         |
| 404 for one object                               | `ObjectGone`: the caller decides                        |
| 409, 5xx, no answer by the deadline, broken off  | asked again with growing pauses, then `Unavailable`     |
| 429                                              | the same, and the rate limiter concerned makes a pause  |
| larger than any of Stripe's                      | `Inconsistent` at once                                  |
| any other 3xx, 4xx                               | `StripeRefused`, naming permission or parameter         |

`Stripe-Rate-Limited-Reason` names the limit: this endpoint (`endpoint-rate`) or all endpoints (`global-rate`). The
concurrency reasons, and `lock_timeout`, which has no reason, only delay the next attempt.

`Stripe-Should-Retry: true` or `false` overrides the table, as in Stripe's own clients.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec
import requests
from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_exponential_jitter

from bounded_http import AnswerTooLarge, BoundedAdapter
from extract.errors import ClockWrong, Inconsistent, ObjectGone, StripeRefused, Unavailable
from extract.stripe.endpoints import SHIPPING_TAXES
from extract.stripe.field_types import LAST_TIME
from extract.stripe.json_codec import decode, with_half_characters
from extract.stripe.livemode import LivemodeGuard
from extract.stripe.paths import endpoint_of, printable

log = logging.getLogger(__name__)

PAGE = 100  # Stripe's largest
TIMEOUT = (10, 120)  # seconds to connect, and of the whole exchange; Stripe's own clients wait 80 for a byte
ATTEMPTS = 9  # about two minutes of growing pauses
ATTEMPTS_INCONSISTENT = 4
CLOCKS_APART = timedelta(days=1)  # how far this machine's clock may be off Stripe's (rule P9)

# Only one reader thread parses or converts at a time. If dozens of them competed for the interpreter, the landing
# thread, which is the bottleneck, would get a small share of it.
COMPUTE_LOCK = threading.RLock()

Params = Mapping[str, str | int | list[str]]

# Stripe shows the taxes of shipping only when they are expanded. A server that always shows them may refuse the
# expansion; then the client stops asking for it (rule L9 uses `amount_tax` where the taxes are missing).
MAY_BE_REFUSED = SHIPPING_TAXES


def pinned_version() -> str:
    """The API version of the locked `stripe` package."""
    from stripe._api_version import _ApiVersion

    return _ApiVersion.CURRENT


@dataclass(frozen=True)
class Answer:
    """One complete answer. `sent_at`: the time at which its request was sent, on the caller's clock (UTC)."""

    body: Any
    sent_at: datetime
    api_version: str


@dataclass(frozen=True)
class Page(Answer):
    """One page of a list."""

    items: list[dict[str, Any]]
    has_more: bool
    total_count: int | None


class RateLimiter:
    """Evenly spaced starts of requests for all threads: at most `rate` a second."""

    # Seconds of delay that later starts may make up. Stripe's limits are token buckets, which allow for that
    # (stripe.com/blog/rate-limiters). With the default rate of 20, the busiest second has 25 starts.
    SLACK = 0.25

    def __init__(self, rate: float):
        self._gap = 1 / rate
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Return when the next request may start."""
        with self._lock:
            now = time.monotonic()
            slot = max(self._next, now - self.SLACK)
            self._next = slot + self._gap
        if slot > now:
            time.sleep(slot - now)

    def has_room(self) -> bool:
        """Whether a request could start at once."""
        with self._lock:
            return self._next <= time.monotonic()

    def pause(self, seconds: float) -> None:
        """Let no request start for `seconds`."""
        with self._lock:
            self._next = max(self._next, time.monotonic() + seconds)


class _TryAgain(Exception):
    """This attempt failed, the next one may succeed. `final`: the error if none does; `limiter`: it makes a pause."""

    def __init__(self, final: Exception, limiter: RateLimiter | None = None):
        self.final = final
        self.limiter = limiter


class StripeClient:
    """A client that many threads share.

    per_endpoint, total: requests a second · clock: the source of `Answer.sent_at` · first_wait: seconds before the
    second attempt (tests shorten it) · attempts: of one request, before its error is raised · is_live: the mode of the
    objects; None: as the first object says.
    """

    def __init__(
        self,
        base: str,
        key: str,
        *,
        per_endpoint: float = 20,
        total: float = 80,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        first_wait: float = 0.5,
        attempts: int = ATTEMPTS,
        version: str | None = None,
        is_live: bool | None = None,
    ):
        self.livemode = LivemodeGuard(is_live)
        self.version = version or pinned_version()
        self.requests_sent = 0
        self._base, self._key, self._clock = base, key, clock
        self.seconds_ahead: float | None = None  # this machine's clock, of the last answer's
        self._per_endpoint, self._total = per_endpoint, RateLimiter(total)
        self._limiters: dict[str, RateLimiter] = {}
        self._lock = threading.Lock()
        self._local = threading.local()
        self._attempts = attempts
        self._refused_expansion = False
        self._wait = wait_exponential_jitter(multiplier=first_wait, max=60 * first_wait, jitter=first_wait)

    def page(self, path: str, params: Params, check: Callable[[list[dict[str, Any]]], None] | None = None) -> Page:
        """One page of the list at `path`. `check` may raise Inconsistent to have the page asked again.

        Raises StripeError.
        """

        def check_page(body: Any) -> None:
            items = body.get("data") if isinstance(body, dict) else None
            if not isinstance(items, list) or not isinstance(body.get("has_more"), bool):
                raise Inconsistent("the answer is not a list (`data`, `has_more`)")
            _check_items(items)
            if body["has_more"] and not items:
                raise Inconsistent("the page is empty although `has_more` is true")
            if check:
                check(items)

        answer = self.get(path, params, check_page)
        body = answer.body
        return Page(body, answer.sent_at, answer.api_version, body["data"], body["has_more"], body.get("total_count"))

    def get(self, path: str, params: Params, check: Callable[[Any], None] | None = None) -> Answer:
        """The answer to one GET, after as many attempts as allowed. Raises StripeError."""
        endpoint = endpoint_of(path)
        retrying = Retrying(
            retry=retry_if_exception_type(_TryAgain),
            wait=self._wait,
            stop=self._is_enough,
            before_sleep=_slow_down,
            reraise=True,
        )
        try:
            return retrying(self._attempt, path, endpoint, self._allowed(params), check)
        except _TryAgain as again:
            raise again.final from None
        except StripeRefused as refused:
            if self._refused_expansion or MAY_BE_REFUSED not in str(refused):
                raise
            log.warning("%s: read without this expansion", refused)
            self._refused_expansion = True
            return self.get(path, params, check)

    def has_room(self, path: str) -> bool:
        """Whether a request for `path` could start at once, so that one more reader makes the run faster."""
        return self._limiter(endpoint_of(path)).has_room() and self._total.has_room()

    def _allowed(self, params: Params) -> Params:
        """The parameters without an expansion that this server has refused."""
        expansions = params.get("expand[]")
        if not self._refused_expansion or not isinstance(expansions, list):
            return params
        return {**params, "expand[]": [name for name in expansions if not name.endswith(MAY_BE_REFUSED)]}

    def _attempt(self, path: str, endpoint: str, params: Params, check: Callable[[Any], None] | None) -> Answer:
        limiter = self._limiter(endpoint)
        limiter.wait()
        self._total.wait()
        with self._lock:
            self.requests_sent += 1
        sent_at = self._clock()
        try:
            response = self._session().get(
                self._base + path, params=dict(params), timeout=TIMEOUT, allow_redirects=False
            )
        except AnswerTooLarge as error:
            raise Inconsistent(f"GET {path} {dict(params)}: {error}") from None
        except requests.RequestException as error:
            raise _TryAgain(
                Unavailable(f"GET {path}: no answer from {self._base} ({_cause(error)}); run again")
            ) from error
        self.seconds_ahead = _check_clock(response.headers.get("Date"))
        if response.status_code != 200:
            raise self._error_of(response, response.content, path, limiter)
        return self._read(response, response.content, path, params, sent_at, check)

    def _read(
        self,
        response: requests.Response,
        content: bytes,
        path: str,
        params: Params,
        sent_at: datetime,
        check: Callable[[Any], None] | None,
    ) -> Answer:
        version = response.headers.get("Stripe-Version", self.version)
        where = f"GET {path} {dict(params)}, Request-Id {response.headers.get('Request-Id', 'none')}"
        if version != self.version:
            raise Inconsistent(
                f"{where}: asked for Stripe-Version {self.version}, the answer is in {version}. None of it was stored"
            )
        try:
            with COMPUTE_LOCK:
                body = decode(content)
                self.livemode.check(content, body)
                if check:
                    check(body)
        except (msgspec.DecodeError, Inconsistent) as error:
            broken = with_half_characters(content) if isinstance(error, msgspec.DecodeError) else ""
            words = f"{broken} holds half of a character (a lone surrogate): correct it in Stripe" if broken else error
            raise _TryAgain(Inconsistent(f"{where}: {words}")) from error
        return Answer(body, sent_at, version)

    def _error_of(self, response: requests.Response, content: bytes, path: str, limiter: RateLimiter) -> Exception:
        """The exception for an answer other than 200 (the table above)."""
        status = response.status_code
        error = _error_body(content)
        message = str(error.get("message") or response.reason or "no message").replace(self._key, "***")
        request_id = response.headers.get("Request-Id", "none")
        text = f"GET {path} answered {status}: {message} (Request-Id {request_id})"
        should_retry = response.headers.get("Stripe-Should-Retry")
        if status == 429:
            reason = response.headers.get("Stripe-Rate-Limited-Reason", "")
            exceeded = self._total if reason == "global-rate" else limiter if reason == "endpoint-rate" else None
            return _TryAgain(Unavailable(f"{text}; lower STRIPE_REQUESTS_PER_SECOND or run again later"), exceeded)
        if should_retry != "false" and (should_retry == "true" or status == 409 or status >= 500):
            return _TryAgain(Unavailable(f"{text}; run again"))
        if status == 404 and path != endpoint_of(path) and error.get("code") != "url_invalid":
            return ObjectGone(text)
        return StripeRefused(f"{text}. {_advice(status, path, message, error)}", error.get("param"), status)

    def _is_enough(self, state: RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome else None
        is_inconsistent = isinstance(error, _TryAgain) and isinstance(error.final, Inconsistent)
        return state.attempt_number >= (
            min(ATTEMPTS_INCONSISTENT, self._attempts) if is_inconsistent else self._attempts
        )

    def _limiter(self, endpoint: str) -> RateLimiter:
        with self._lock:
            return self._limiters.setdefault(endpoint, RateLimiter(self._per_endpoint))

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.mount("https://", BoundedAdapter(pool_maxsize=1, service="Stripe"))
            session.mount("http://", BoundedAdapter(pool_maxsize=1, service="Stripe"))
            # The environment is read once: with each request it costs a third of it. So no .netrc replaces the key.
            found = session.merge_environment_settings(self._base, {}, None, None, None)
            session.proxies, session.verify, session.trust_env = found["proxies"], found["verify"], False
            session.headers.update({"Authorization": f"Bearer {self._key}", "Stripe-Version": self.version})
        return session


def _check_clock(date: str | None) -> float | None:
    """Seconds that this machine's clock is ahead of the `Date` of an answer; None without one.

    Raise ClockWrong if it is more than a day off (rule P9).
    """
    try:
        theirs = parsedate_to_datetime(date or "")
    except ValueError:
        return None  # without a date there is nothing to compare with
    ours = datetime.now(UTC)
    if abs(ours - theirs.astimezone(UTC)) > CLOCKS_APART:
        raise ClockWrong(
            f"this machine's clock says {ours:%Y-%m-%d %H:%M} UTC, Stripe's answer says "
            f"{theirs.astimezone(UTC):%Y-%m-%d %H:%M} UTC: set the clock right and run again. Nothing was written"
        )
    return (ours - theirs.astimezone(UTC)).total_seconds()


def _check_items(items: list[Any]) -> None:
    seen: set[str] = set()
    for item in items:
        identifier = item.get("id") if isinstance(item, dict) else None
        if not isinstance(identifier, str) or not identifier:
            raise Inconsistent("an object of the page has no id")
        created = item.get("created")
        if created is not None and type(created) is not int:
            raise Inconsistent(f"`created` of {printable(identifier)} is not a whole number of seconds")
        if created is not None and not 0 <= created <= LAST_TIME:
            raise Inconsistent(f"`created` of {printable(identifier)} is {created}, which is no time")
        if identifier in seen:
            raise Inconsistent(f"{printable(identifier)} is on one page twice")
        seen.add(identifier)


def _slow_down(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    seconds = state.next_action.sleep if state.next_action else 0.0
    if isinstance(error, _TryAgain):
        log.warning("attempt %s: %s; again in %.1f s", state.attempt_number, error.final, seconds)
        if error.limiter:
            error.limiter.pause(seconds)


def _error_body(content: bytes) -> dict[str, Any]:
    try:
        error = decode(content)["error"]
    except (msgspec.DecodeError, KeyError, TypeError):
        return {}
    return error if isinstance(error, dict) else {}


def _advice(status: int, path: str, message: str, error: dict[str, Any]) -> str:
    resource = endpoint_of(path).removeprefix("/v1/").replace("/*", "").replace("/", " ")
    if status == 401:
        return "Set STRIPE_API_KEY to a valid key of this account"
    if status == 403:
        named = re.search(r"rak_\w+", message)
        permission = named.group() if named else f"read on {resource.replace('_', ' ')}"
        return f"Give the key in STRIPE_API_KEY the permission {permission}"
    if status == 400 and error.get("param"):
        return f"Stripe does not take the parameter {error['param']} here; report this"
    return "The run stopped and skipped nothing"


def _cause(error: requests.RequestException) -> str:
    """The kind of failure. The text of the error may show addresses or headers."""
    return type(error).__name__
