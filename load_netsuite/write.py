"""One request that changes NetSuite: its body, how often it may be sent, and the log row of its answer."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

from load_netsuite import bodies
from load_netsuite.bodies import Body
from load_netsuite.journal import Entry
from load_netsuite.records import Application, Record
from netsuite.answers import Action
from netsuite.api import Answer, NetSuite, wait_of
from netsuite.errors import NotSent

SEND_TRIES = 10
PAYMENT_METHOD = (
    "This account wants a payment method on customer refunds: add the row "
    "customer_refund,paymentOption,reference,,<internal id of the payment method> to field_map.csv (R1)."
)


@dataclass(eq=False)
class Write:
    """A request to create the record, or to add applications to the record `internal_id`.

    later: applications that a PATCH adds once the record is created (P3) · attempt: the last attempt at it in the
    journal, while it has no result · is_taken: NetSuite refused it, and a record has its external id already.
    """

    record: Record
    internal_id: str | None = None  # set: PATCH
    applications: Sequence[Application] = ()
    later: Sequence[Application] = ()
    attempt: Entry | None = None
    is_taken: bool = False

    @property
    def keys(self) -> frozenset[Hashable]:
        own = ("document", self.internal_id) if self.internal_id else ("record", self.record.external_id)
        return self.record.keys | {own}

    @property
    def operation(self) -> str:
        return "apply" if self.internal_id else "create"

    def body(self) -> Body:
        """The request body. A PATCH holds applications alone: item rows without a number would be added (facts 1.6)."""
        apply = bodies.apply((application.doc or "", application.amount) for application in self.applications)
        if self.internal_id:
            return {"apply": apply}
        return self.record.body | ({"apply": apply} if self.applications else {})


def send(client: NetSuite, write: Write, body: Body) -> Answer:
    """The answer to one write. Sends again only what provably had no effect: not sent, or too many requests.

    Raises NotSent after the last try, NoAnswer (effect unknown), LoginRefused.
    """
    name = f"{write.record.record_type} {write.record.external_id}"
    for attempt in range(SEND_TRIES):
        is_last = attempt + 1 == SEND_TRIES
        try:
            if write.internal_id:
                answer = client.update(write.record.record_type, write.internal_id, body)
            else:
                answer = client.create(write.record.record_type, body)
        except NotSent as not_sent:
            if is_last:
                raise
            client.clock.wait(client.clock.back_off(attempt), f"{name} is sent again ({not_sent.detail})")
            continue
        if answer.rule.action is not Action.BACK_OFF or is_last:
            return answer
        client.clock.wait(wait_of(answer, client.clock, attempt), f"{name} is sent again ({answer.rule.meaning})")
    raise AssertionError("unreachable")


def result_of(write: Write, attempt: Entry, answer: Answer, milliseconds: int) -> Entry:
    """The log row for an answer: `created`, `applied`, `rejected`, or `unknown` where only a look-up can tell."""
    status, detail = _status(write, answer)
    operation_id = f"{answer.operation_id or ''} {answer.job_id or ''}".strip()
    return replace(
        attempt,
        status=status,
        internal_id=write.internal_id or (answer.internal_id if status == "created" else None),
        http_status=answer.status,
        error_code=answer.code or None,
        error_detail=detail.strip() or None,
        netsuite_operation_id=operation_id or None,
        payload=answer.body or None,
        duration_ms=milliseconds,
    )


def _status(write: Write, answer: Answer) -> tuple[str, str]:
    action = answer.rule.action
    if action is Action.DONE:
        if _names(answer, write):
            return "applied" if write.internal_id else "created", answer.warnings
        record_type = write.record.record_type
        return "unknown", f"NetSuite said done but named no or another {record_type} in Location. {answer.warnings}"
    status = "unknown" if action is Action.LOOK_UP else "rejected"
    words = f"{answer.detail} ({answer.rule.meaning})"
    if write.record.record_type == "customerRefund" and asks_for_payment_method(answer):
        words += f". {PAYMENT_METHOD}"
    return status, words


def asks_for_payment_method(answer: Answer) -> bool:
    """Whether a refusal names the payment method of a customer refund: by its path, by words only where it has none."""
    return re.search(r"payment ?(method|option)", f"{answer.path} {answer.detail}", re.IGNORECASE) is not None


def is_about_applications(write: Write, answer: Answer) -> bool:
    """Whether NetSuite refused the apply rows inside the POST of a memo, and not the memo (P3)."""
    is_memo = write.record.record_type == "creditMemo" and not write.internal_id
    return is_memo and bool(write.applications) and re.match(r"apply\b", answer.path) is not None


def _names(answer: Answer, write: Write) -> bool:
    """Whether the answer names this write's record. Only the read-back can tell that a new record's id is ours."""
    if write.internal_id:
        return not answer.has_location or answer.internal_id == write.internal_id
    return answer.internal_id is not None
