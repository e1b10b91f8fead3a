"""Sends one request to NetSuite: signed, within a slot, within a deadline. Failures say whether the request left."""

from __future__ import annotations

import datetime as dt
import email.utils
import ipaddress
import threading
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase
from urllib3.exceptions import MaxRetryError, NewConnectionError

from bounded_http import AnswerTooLarge, BoundedAdapter
from netsuite.answers import Action, judge, read_error
from netsuite.auth import OAuth2, TokenBased
from netsuite.concurrency import Clock, Slots
from netsuite.encoding import to_json
from netsuite.errors import ClockOff, LoginRefused, NetSuiteError, NoAnswer, NotSent, TooLarge
from settings import Settings, SettingsError

CONNECT_SECONDS = 10.0
READ_SECONDS = 180.0  # of a whole exchange; SuiteQL may think for two minutes before its first byte
READ_TRIES = 8
CLOCK_SECONDS = 86_400.0
RECORD_PATH = "/services/rest/record/"


class Transport:
    """One signed-in connection pool, shared by threads. Raises SettingsError for settings that cannot work.

    session: a requests session to use instead of an own one (a simulation mounts its transport there).
    """

    def __init__(self, settings: Settings, session: requests.Session | None, clock: Clock) -> None:
        self.base_url = _checked_base_url(settings.netsuite_base_url or "")
        self.slots = Slots(settings.netsuite_concurrency)
        self.requests_sent = 0
        self.session = session or _new_session(self.base_url, self.slots.maximum)
        self._clock = clock
        self._counting = threading.Lock()
        self._language = settings.netsuite_language
        self.seconds_ahead: float | None = None
        """This machine's clock less NetSuite's, by the first answer with a `Date`."""
        self._auth: OAuth2 | TokenBased = (
            TokenBased(settings)
            if settings.netsuite_auth == "tba"
            else OAuth2(settings, self.base_url, self._send_token_request, clock)
        )

    def send(
        self, method: str, url: str, body: Any, headers: dict[str, str], read_seconds: float
    ) -> tuple[requests.Response, float]:
        """The answer to one request in one slot, and the seconds it took. read_seconds: from the connection to the last
        byte of the answer. Raises NotSent, NoAnswer, LoginRefused, ClockOff.

        A 401 gets one more try with a new signature, because a refused login provably wrote nothing; not so where the
        401 is NetSuite's other way to report an overload.
        """
        data = None if body is None else to_json(body)
        headers = {"Accept": "application/json"} | headers | ({"Content-Type": "application/json"} if data else {})
        with self.slots.one() as generation:
            for may_retry in (True, False):
                signature = self._sign()
                request = requests.Request(method, url, headers=headers, data=data, auth=signature)
                started = self._clock.monotonic()
                response = self._exchange(request, read_seconds)
                seconds = self._clock.monotonic() - started
                is_overload = _is_overload(response, seconds)
                is_refused = response.status_code == 401 and not is_overload
                if not is_refused or not may_retry or not self._auth.refused(signature):
                    break
            if is_overload:
                self.slots.overloaded(generation)
            elif response.ok:
                self.slots.succeeded()
        return response, seconds

    def _sign(self) -> AuthBase:
        """A signature. Without one the request is not sent."""
        try:
            return self._auth.sign()
        except (LoginRefused, ClockOff):
            raise
        except NetSuiteError as error:
            raise NotSent(error.detail, status=error.status, code=error.code, body=error.body) from error

    def _send_token_request(self, request: requests.Request) -> requests.Response:
        for attempt in range(READ_TRIES):
            try:
                response = self._exchange(request, READ_SECONDS)
                if response.status_code != 429 and response.status_code < 500:
                    return response
                why = f"HTTP {response.status_code}"
            except (NotSent, NoAnswer) as lost:
                if attempt + 1 == READ_TRIES:
                    raise
                why = lost.detail
            self._clock.wait(self._clock.back_off(attempt), f"NetSuite is asked for a token again ({why})")
        return response

    def _exchange(self, request: requests.Request, read_seconds: float) -> requests.Response:
        # A prepared request skips the environment's proxy and CA bundle, so they are merged by hand. `verify` starts
        # from True and nothing of ours can make it False.
        with self._counting:
            self.requests_sent += 1
        if self._language:
            request.headers |= {"Content-Language": self._language, "Accept-Language": self._language}
        prepared = self.session.prepare_request(request)
        options = self.session.merge_environment_settings(prepared.url or "", {}, None, True, None)
        try:
            response = self.session.send(
                prepared, timeout=(CONNECT_SECONDS, read_seconds), allow_redirects=False, **options
            )
        except requests.ConnectTimeout:
            raise NotSent("NetSuite could not be reached in time; check the network and NETSUITE_BASE_URL") from None
        except requests.ConnectionError as error:
            if _never_connected(error):
                raise NotSent(
                    f"no connection to NetSuite ({type(error).__name__}); check the network and NETSUITE_BASE_URL"
                ) from None
            raise NoAnswer(f"the connection broke before an answer came ({type(error).__name__})") from None
        except requests.Timeout:
            raise NoAnswer(f"no answer within {read_seconds:.0f} s") from None
        except AnswerTooLarge as error:
            raise TooLarge(f"{request.method} {urlsplit(request.url).path}: {error}") from None
        except requests.RequestException as error:
            raise NoAnswer(f"no usable answer ({type(error).__name__})") from None
        if self.seconds_ahead is None and RECORD_PATH not in request.url:
            self._check_clock(response)
        return response

    def _check_clock(self, response: requests.Response) -> None:
        """Compares this machine's clock with the first `Date` header (rule P9). A push reads before it writes; the
        answer to a write is never given up for a clock. Raises ClockOff."""
        try:
            server = email.utils.parsedate_to_datetime(response.headers["Date"])
        except (KeyError, TypeError, ValueError):
            return
        own = dt.datetime.fromtimestamp(self._clock.now(), dt.UTC)
        ahead = (own - server.astimezone(dt.UTC)).total_seconds()
        if abs(ahead) > CLOCK_SECONDS:
            raise ClockOff(
                f"this machine's clock says {own:%Y-%m-%d %H:%M} UTC, NetSuite's {server:%Y-%m-%d %H:%M}: more than a "
                "day apart. Nothing was written. Set the clock right, then run again."
            )
        self.seconds_ahead = ahead


def _new_session(base_url: str, connections: int) -> requests.Session:
    session = requests.Session()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # threads share the session: keep no state
    adapter = BoundedAdapter(  # never resend by itself
        pool_connections=1, pool_maxsize=connections, max_retries=0, service="NetSuite"
    )
    session.mount(base_url, adapter)
    session.trust_env = not _is_loopback(base_url)  # a proxy has no business on loopback
    return session


def _checked_base_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError(["NETSUITE_BASE_URL must be an address like https://1234567.suitetalk.api.netsuite.com"])
    if parts.scheme == "http" and not _is_loopback(url):
        raise SettingsError(["NETSUITE_BASE_URL must start with https:// for any host but this machine"])
    return url.rstrip("/")


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _never_connected(error: requests.ConnectionError) -> bool:
    """True only if the connection was refused, not found or not trusted: then no byte of the request has left."""
    cause: Any = error.args[0] if error.args else None
    if isinstance(cause, MaxRetryError):
        cause = cause.reason
    return isinstance(cause, NewConnectionError) or "CERTIFICATE_VERIFY_FAILED" in str(error)


def _is_overload(response: requests.Response, seconds: float) -> bool:
    if response.ok:
        return False
    code, detail, _ = read_error(response.content)
    rule = judge(response.status_code, code, detail, seconds)
    return (rule.action is Action.BACK_OFF and "overload" in rule.meaning) or "too many" in rule.meaning
