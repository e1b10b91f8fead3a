"""The table of answers: each row with an answer in NetSuite's words."""

from __future__ import annotations

import json

import pytest

from netsuite.answers import RULES, UNFORESEEN, Action, judge, read_error, read_path
from sandbox.netsuite import errors

CASES = (
    (204, "", "", Action.DONE),
    (201, "", "", Action.DONE),
    (302, "", "", Action.LOOK_UP),
    (
        429,
        "CONCURRENCY_LIMIT_EXCEEDED",
        "Concurrent request limit exceeded. Request blocked.",
        Action.BACK_OFF,
    ),
    (400, "SSS_REQUEST_LIMIT_EXCEEDED", "", Action.BACK_OFF),
    (401, "INVALID_LOGIN", "Invalid login attempt.", Action.STOP),
    (400, "USER_ERROR", "Error while accessing a resource. This record already exists.", Action.LOOK_UP),
    (400, "USER_ERROR", "Error while accessing a resource. This entity already exists.", Action.LOOK_UP),
    (400, "USER_ERROR", "Record has been changed", Action.BACK_OFF),
    (
        400,
        "USER_ERROR",
        "The transaction date you specified is not within the date range of your accounting period.",
        Action.BLOCK_ROW,
    ),
    (
        400,
        "INVALID_CONTENT",
        "You have entered an Invalid Field Value 9999 for the following field: item",
        Action.BLOCK_ROW,
    ),
    (403, "", "", Action.BLOCK_ROW),
    (404, "NONEXISTENT_ID", "The record instance does not exist.", Action.BLOCK_ROW),
    (418, "", "nobody foresaw this", Action.BLOCK_ROW),
    (408, "", "", Action.LOOK_UP),
    (500, "UNEXPECTED_ERROR", "An unexpected error occurred. Error ID: 1", Action.LOOK_UP),
    (502, "", "<html>502 Bad Gateway</html>", Action.LOOK_UP),
    (400, "CONCURRENCY_LIMIT_EXCEEDED", "", Action.BACK_OFF),
    (403, "INVALID_LOGIN", "Invalid login attempt.", Action.STOP),
    (400, "USER_ERROR", "You have attempted an invalid sublist or line item operation", Action.BLOCK_ROW),
    (400, "USER_ERROR", "Links sum to more than applied transaction amount", Action.BLOCK_ROW),
    (400, "INVALID_HEADER", "Idioma no valido en Content-Language", Action.BLOCK_ROW),
    (400, "USER_ERROR", "Please enter value(s) for: Subsidiary", Action.BLOCK_ROW),
    (400, "INVALID_CONTENT", "Unknown field name custbody_nope", Action.BLOCK_ROW),
    (400, "USER_ERROR", "The amounts in a journal entry must balance.", Action.BLOCK_ROW),
)


@pytest.mark.parametrize(("status", "code", "text", "action"), CASES)
def test_each_answer_has_its_action(status: int, code: str, text: str, action: Action) -> None:
    assert judge(status, code, text).action is action


def test_a_login_error_after_a_queue_means_overload() -> None:
    assert judge(401, "INVALID_LOGIN", "Invalid login attempt.", seconds=60).action is Action.BACK_OFF


def test_an_unforeseen_answer_blocks_one_row() -> None:
    assert judge(418, "TEAPOT", "short and stout") is UNFORESEEN


def test_each_row_names_its_source_and_can_be_reached() -> None:
    for rule in RULES:
        assert rule.source.startswith(("facts", "ours")) and rule.meaning
    reached = [judge(status, code, text) for status, code, text, _ in CASES]
    assert not [rule.meaning for rule in RULES if not any(rule is found for found in reached)]


@pytest.mark.parametrize(
    ("refused", "meaning"),
    [
        (errors.duplicate_transaction(), "external id is taken"),
        (errors.duplicate_entity(), "external id is taken"),
        (errors.wrong_transaction_type(), "the record is not there, or is of another type"),
        (errors.missing("Subsidiary"), "a mandatory field is missing"),
        (
            errors.invalid_value("9", "item", "item.items[0].item"),
            "a reference does not exist or does not fit",
        ),
        (errors.concurrency_limit(), "too many requests at once"),
        (errors.unknown_field("nope", "nope"), "a field name is unknown"),
    ],
)
def test_the_answers_of_the_stand_in_are_judged_right(refused: errors.Refused, meaning: str) -> None:
    code, detail, body = read_error(json.dumps(refused.body()).encode())
    assert judge(refused.status, code, f"{detail} {body}").meaning == meaning


@pytest.mark.parametrize(
    "raw",
    [b"", b"<html>502</html>", b"[1]", b'{"o:errorDetails": 7}', b'{"o:errorDetails": ["x"]}', b"\xff\xfe"],
)
def test_any_body_can_be_read(raw: bytes) -> None:
    code, detail, body = read_error(raw)
    assert code == "" and detail and len(body) <= 2000


@pytest.mark.parametrize("raw", [b"[" * 100_000, b'{"o:errorDetails": [{"detail": "a\\ud800"}], "title": "\\udfff"}'])
def test_an_odd_body_can_be_stored(raw: bytes) -> None:
    """Deeper than Python reads, or with half of a character: the journal takes its words all the same."""
    assert "".join(read_error(raw)).encode()
    assert read_path(raw) == ""
