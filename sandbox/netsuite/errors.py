"""All refusals of NetSuite: one function per text, each returns a `Refused`.

Status, code and text are NetSuite's own if somebody observed them ("seen"), Oracle's if they are only documented
("documented"), and ours if nobody has published them ("guessed": replace it once a real account has shown the text).
Sources: facts, NetSuite sections 1.4, 1.8 and 7.
"""

from __future__ import annotations

ACCESS = "Error while accessing a resource. "
RFC = "https://www.rfc-editor.org/rfc/rfc9110.html#section-"
_TITLES = {
    400: ("Bad Request", "15.5.1"),
    401: ("Unauthorized", "15.5.2"),
    404: ("Not Found", "15.5.5"),
    405: ("Method Not Allowed", "15.5.6"),
    429: ("Bad Request", "15.5.1"),  # so in Oracle's sample (documented)
    500: ("Internal Server Error", "15.6.1"),
}


class Refused(Exception):
    """A request that NetSuite refuses, without effect. `path` is `o:errorPath`, e.g. `item.items[0].item`."""

    def __init__(self, detail: str, code: str = "USER_ERROR", status: int = 400, path: str | None = None):
        super().__init__(detail)
        self.detail, self.code, self.status, self.path = detail, code, status, path

    def body(self) -> dict[str, object]:
        """NetSuite's error object: `{type, title, status, "o:errorDetails": [...]}`."""
        title, section = _TITLES[self.status]
        entry = {"detail": self.detail, "o:errorCode": self.code}
        if self.path:
            entry["o:errorPath"] = self.path
        return {"type": RFC + section, "title": title, "status": self.status, "o:errorDetails": [entry]}


# ---------------------------------------------------------------- identity


def duplicate_transaction() -> Refused:
    return Refused(ACCESS + "This record already exists.")  # seen


def duplicate_entity() -> Refused:
    return Refused(ACCESS + "This entity already exists.")  # seen (customers; for items: guessed)


def duplicate_item_name() -> Refused:
    return Refused(ACCESS + "Uniqueness error - The item name you have chosen is already used.")  # guessed


def wrong_transaction_type() -> Refused:
    """A transaction of another type, or none at all."""
    return Refused(ACCESS + "Transaction type specified is incorrect.")  # seen


def no_such_record() -> Refused:
    detail = "The record instance does not exist. Provide a valid record instance ID."  # seen
    return Refused(detail, "NONEXISTENT_ID", 404)


def no_such_external_id(external_id: str) -> Refused:
    detail = f"The record instance for external ID '{external_id}' does not exist."
    return Refused(f"{detail} Provide a valid record instance ID.", "NONEXISTENT_ID", 404)  # seen


def malformed_id(text: str) -> Refused:
    detail = f"Invalid record instance identifier '{text}'. Provide a valid record instance ID."
    return Refused(detail, "INVALID_ID")  # seen


def unknown_record_type(name: str) -> Refused:
    return Refused(f"Record type '{name}' does not exist.", "NONEXISTENT_RECORD_TYPE", 404)  # guessed


# ---------------------------------------------------------------- fields


def unknown_field(name: str, path: str) -> Refused:
    detail = unknown_field_text(name)  # sentence seen in a response header; as an error body: guessed
    return Refused(detail, "INVALID_CONTENT", path=path)


def unknown_field_text(name: str) -> str:
    return f"Unknown field name {name}. The field does not exist on this record instance."  # seen


def invalid_value(value: object, field: str, path: str) -> Refused:
    """A value that is unknown, not allowed here, or inactive (guessed)."""
    detail = f"{ACCESS}You have entered an Invalid Field Value {value} for the following field: {field}."  # seen
    return Refused(detail, path=path)


def invalid_reference_for(field: str, key: str, owner: str, owner_id: str) -> Refused:
    return Refused(f"{ACCESS}Invalid {field} reference key {key} for {owner} {owner_id}.", path=field)  # seen over SOAP


def account_not_for_subsidiary(account: str, subsidiary: str) -> Refused:
    detail = f"{ACCESS}The {account} account cannot be used with the {subsidiary} subsidiary."  # seen
    return Refused(detail, path="account")


def missing(label: str, path: str | None = None) -> Refused:
    return Refused(f"{ACCESS}Please enter value(s) for: {label}", path=path)  # seen


def too_long(field: str, limit: int) -> Refused:
    detail = f"{ACCESS}The field {field} contained more than the maximum number ( {limit} ) of characters allowed."
    return Refused(detail, path=field)  # guessed


def malformed_body(why: str) -> Refused:
    return Refused(f"Invalid content in the request body: {why}.", "INVALID_REQUEST")  # text guessed, code seen


# ---------------------------------------------------------------- amounts, lines, applications


def no_lines() -> Refused:
    return Refused(ACCESS + "You must enter at least one line item for this transaction.")  # seen


def negative_total() -> Refused:
    return Refused(ACCESS + "The total cannot be negative")  # documented for a connector; over REST: guessed


def too_precise(precision: int, path: str) -> Refused:
    detail = f"{ACCESS}Transaction was not in balance. Please round amounts to {precision} decimal places."
    return Refused(detail, path=path)  # guessed


def journal_unbalanced() -> Refused:
    return Refused(ACCESS + "The amounts in a journal entry must balance.")  # seen


def not_in_static_sublist() -> Refused:
    """A row that is not one of NetSuite's candidates (cause: guessed), or one with a display-only key (seen)."""
    detail = (
        "You have attempted an invalid sublist or line item operation. You are either trying to access a "
        "field on a non-existent line or you are trying to add or remove lines from a static sublist"
    )
    return Refused(ACCESS + detail, path="apply")


def no_such_line() -> Refused:
    return Refused(not_in_static_sublist().detail, path="item")  # guessed


def applied_too_much(of_target: bool) -> Refused:
    which = "original" if of_target else "applied"
    detail = f"{ACCESS}Links sum to more than {which} transaction amount"  # platform text; over REST: guessed
    return Refused(detail, path="apply")


def total_differs_from_applied() -> Refused:
    return Refused(ACCESS + "Applied and unapplied amounts do not add up to the transaction total.")  # guessed


def applied_elsewhere() -> Refused:
    return Refused(ACCESS + "This record cannot be deleted because it has dependent records")  # guessed


def cannot_change(field: str) -> Refused:
    return Refused(f"{ACCESS}You cannot change the {field} of this transaction.", path=field)  # guessed


# ---------------------------------------------------------------- periods


def no_period(on: object) -> Refused:
    return Refused(
        f"{ACCESS}There is no open accounting period for the transaction date {on}.", path="tranDate"
    )  # guessed


def period_closed(name: str) -> Refused:
    return Refused(f"{ACCESS}The accounting period {name} is closed.", path="postingPeriod")  # guessed


def period_locked(name: str) -> Refused:
    return Refused(
        f"{ACCESS}The accounting period {name} is locked for A/R transactions.", path="postingPeriod"
    )  # guessed


def date_outside_period() -> Refused:
    detail = "The transaction date you specified is not within the date range of your accounting period."  # seen
    return Refused(ACCESS + detail, path="tranDate")


# ---------------------------------------------------------------- the service itself


def concurrency_limit() -> Refused:
    return Refused(
        "Concurrent request limit exceeded. Request blocked.", "CONCURRENCY_LIMIT_EXCEEDED", 429
    )  # documented


def invalid_login() -> Refused:
    return Refused("Invalid login attempt.", "INVALID_LOGIN", 401)  # documented


def unexpected(error_id: str) -> Refused:
    return Refused(f"An unexpected error occurred. Error ID: {error_id}", "UNEXPECTED_ERROR", 500)  # documented


def bad_query(why: str) -> Refused:
    return Refused(
        f"Invalid search query. Detailed unprocessed description follows. {why}", "INVALID_PARAMETER"
    )  # guessed


def bad_parameter(name: str, value: str) -> Refused:
    return Refused(f"Invalid value '{value}' for the query parameter {name}.", "INVALID_PARAMETER")  # guessed


def missing_transient() -> Refused:
    return Refused(
        "The required request header 'Prefer' is missing or not 'transient'.", "INVALID_HEADER"
    )  # text guessed
