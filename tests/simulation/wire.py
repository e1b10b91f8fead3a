"""A requests transport that hands requests to the stand-in without sockets, and loses, doubles or bends answers."""

from __future__ import annotations

import email.utils
import io
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter
from urllib3.exceptions import ProtocolError

from sandbox.netsuite import errors
from sandbox.netsuite.service import Answer, Request
from tests.simulation.faults import LATE_SECONDS

if TYPE_CHECKING:
    from tests.simulation.history import History

BASE_URL = "http://127.0.0.1:9"
EFFECTS = ("none", "now", "twice", "late")
ANSWERS = ("drop", "timeout", "500", "502", "no_location", "own", "wrong", "another", "429", "401")
# Answers that leave no doubt about the effect.
CERTAIN = ("own", "another", "429", "401")


def _refusal(refused: errors.Refused) -> Answer:
    return Answer(refused.status, [("Content-Type", "application/json")], json.dumps(refused.body()).encode())


FALSE_ANSWERS: dict[str, Answer] = {
    "500": _refusal(errors.unexpected("0")),
    "502": Answer(502, [("Content-Type", "text/html")], b"<html>502 Bad Gateway</html>"),
    "429": _refusal(errors.concurrency_limit()),
    "401": _refusal(errors.invalid_login()),
    "wrong": Answer(204, [("Location", f"{BASE_URL}/services/rest/record/v1/vendorbill/7")]),
}


class Wire(BaseAdapter):
    """One session's way to NetSuite. The process can be killed before and after each request."""

    def __init__(self, history: History) -> None:
        super().__init__()
        self.history = history

    def close(self) -> None:
        pass

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # type: ignore[override]
        history, sent = self.history, _as_stand_in_request(request)
        history.maybe_person()
        history.maybe_kill(f"before {sent.method} {sent.path}")
        history.time.advance(history.chance.choice((0.1, 1, 3)))
        if sent.is_write:
            answer = self._write(sent)
        else:
            answer = self._read(sent)
            if answer is not None and answer.status == 200 and sent.path.endswith("suiteql"):
                history.after_query(json.loads(sent.body)["q"])
        history.maybe_kill(f"after {sent.method} {sent.path}")
        if answer is None:
            raise requests.ConnectionError(ProtocolError("Connection aborted."))
        return _response(request, answer, history.time.now)

    def _read(self, sent: Request) -> Answer | None:
        """None: the connection is dropped."""
        history = self.history
        if history.chance.random() < history.faults.read:
            kind = history.chance.choice(("drop", "500", "502", "429", "401"))
            history.tell(f"  read fault: {kind}")
            return FALSE_ANSWERS.get(kind)
        return history.service.handle(sent)

    def _write(self, sent: Request) -> Answer | None:
        """None: the connection is dropped."""
        history = self.history
        history.before_write(sent)
        request = f"{sent.method} {sent.path} {_shown(sent)}"
        if history.chance.random() >= history.faults.write:
            answer = history.service.handle(sent)
            history.tell(f"  {request} -> {answer.status if answer else 'dropped'}")
            return answer
        effect, kind = self._draw_fault()
        history.tell(f"  {request}: effect {effect}, answer {kind}")
        own_answer = self._take_effect(sent, effect)
        if kind not in CERTAIN:
            history.after_unknown_outcome(sent)
        return self._answer(kind, own_answer)

    def _draw_fault(self) -> tuple[str, str]:
        """(effect of the write, answer to it). Some answers say what the effect was."""
        chance = self.history.chance
        effect, kind = chance.choice(EFFECTS), chance.choice(ANSWERS)
        if kind in ("429", "401"):
            effect = "none"
        elif kind in ("wrong", "another") or (kind in ("no_location", "own") and effect != "twice"):
            effect = "now"
        return effect, kind

    def _take_effect(self, sent: Request, effect: str) -> Answer | None:
        """The stand-in's last answer to the write; an unexpected error if it has not answered yet."""
        history = self.history
        answer: Answer | None = FALSE_ANSWERS["500"]
        for _ in range({"now": 1, "twice": 2}.get(effect, 0)):
            answer = history.service.handle(sent)
        if effect == "late":
            history.time.later(history.chance.choice(LATE_SECONDS), lambda: self._late(sent))
        return answer

    def _answer(self, kind: str, own_answer: Answer | None) -> Answer | None:
        if kind == "timeout":
            self.history.time.advance(300)
            raise requests.ReadTimeout()
        if kind == "drop":
            return None
        if kind in FALSE_ANSWERS:
            return FALSE_ANSWERS[kind]
        if kind == "own":
            return own_answer
        assert own_answer is not None
        if kind == "another":
            return self._naming_another(own_answer)
        return own_answer._replace(headers=[header for header in own_answer.headers if header[0] != "Location"])

    def _naming_another(self, answer: Answer) -> Answer:
        """The answer with the id of another record of the same kind in Location, if one exists."""
        headers = dict(answer.headers)
        url, _, id = headers.get("Location", "").rpartition("/")
        transactions = self.history.company.books.transactions()
        made = self.history.company.books.transaction(id) if id.isdigit() else None
        others = [t.id for t in transactions if made and t.type == made.type and t.id != made.id]
        if not others or url.endswith("item"):
            return answer
        headers["Location"] = f"{url}/{self.history.chance.choice(others)}"
        return answer._replace(headers=list(headers.items()))

    def _late(self, sent: Request) -> None:
        answer = self.history.service.handle(sent)
        self.history.tell(f"  late: {sent.method} {sent.path} -> {answer.status if answer else None}")


def _as_stand_in_request(request: requests.PreparedRequest) -> Request:
    parts = urlsplit(request.url or "")
    body = request.body or b""
    return Request(
        request.method or "",
        parts.path + (f"?{parts.query}" if parts.query else ""),
        {name.lower(): value for name, value in request.headers.items()} | {"host": parts.netloc},
        body.encode() if isinstance(body, str) else body,
    )


def _response(request: requests.PreparedRequest, answer: Answer, now: float) -> requests.Response:
    response = requests.Response()
    response.status_code = answer.status
    response.headers.update(dict(answer.headers) | {"Date": email.utils.formatdate(now, usegmt=True)})
    response.raw = io.BytesIO(answer.body)
    response._content = answer.body
    response.request, response.url = request, request.url or ""
    return response


def _shown(sent: Request) -> str:
    body = json.loads(sent.body)
    return str(body.get("externalId") or body)
