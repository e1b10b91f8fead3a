"""All refusals of NetSuite: one function per text, each returns a `Refused`.

Status, code and text are NetSuite's own if somebody observed them ("seen"), Oracle's if they are only documented
("documented"), and ours if nobody has published them ("guessed": replace it once a real account has shown the text).
Sources: facts, NetSuite sections 1.4, 1.8 and 7.
"""

from __future__ import annotations

from sandbox.netsuite.german import german

ACCESS = "Error while accessing a resource. "
RFC = "https://www.rfc-editor.org/rfc/rfc9110.html#section-"
_TITLES = {
    400: ("Bad Request", "15.5.1"),
    401: ("Unauthorized", "15.5.2"),
    404: ("Not Found", "15.5.5"),
    405: ("Method Not Allowed", "15.5.6"),
    429: ("Bad Request", "15.5.1"),  # as in Oracle's sample (documented)
    500: ("Internal Server Error", "15.6.1"),
}


class Refused(Exception):
    """A request that NetSuite refuses, without effect. `path` is `o:errorPath`, e.g. `item.items[0].item`, `header`
    is `o:errorHeader`.
    """

    def __init__(
        self,
        detail: str,
        code: str = "USER_ERROR",
        status: int = 400,
        path: str | None = None,
        header: str | None = None,
    ):
        super().__init__(detail)
        self.detail, self.code, self.status, self.path, self.header = detail, code, status, path, header

    def body(self, in_english: bool = True) -> dict[str, object]:
        """NetSuite's error object: `{type, title, status, "o:errorDetails": [...]}`, its words in English or German."""
        title, section = _TITLES[self.status]
        entry = {"detail": self.detail if in_english else german(self.detail), "o:errorCode": self.code}
        title = title if in_english else german(title)
        if self.path:
            entry["o:errorPath"] = self.path
        if self.header:
            entry["o:errorHeader"] = self.header
        return {"type": RFC + section, "title": title, "status": self.status, "o:errorDetails": [entry]}


# ---------------------------------------------------------------- identity


def duplicate_transaction() -> Refused:
    """Text seen."""
    return Refused(ACCESS + "This record already exists.")


def duplicate_entity() -> Refused:
    """Text seen (customers; for items: guessed)."""
    return Refused(ACCESS + "This entity already exists.")


def duplicate_item_name() -> Refused:
    """Text guessed."""
    return Refused(ACCESS + "Uniqueness error - The item name you have chosen is already used.")


def wrong_transaction_type() -> Refused:
    """A transaction of another type, or none at all. Text seen."""
    return Refused(ACCESS + "Transaction type specified is incorrect.")


def no_such_record() -> Refused:
    """Text seen."""
    detail = "The record instance does not exist. Provide a valid record instance ID."
    return Refused(detail, "NONEXISTENT_ID", 404)


def no_such_external_id(external_id: str) -> Refused:
    """Text seen."""
    detail = f"The record instance for external ID '{external_id}' does not exist."
    return Refused(f"{detail} Provide a valid record instance ID.", "NONEXISTENT_ID", 404)


def malformed_id(text: str) -> Refused:
    """Text seen."""
    detail = f"Invalid record instance identifier '{text}'. Provide a valid record instance ID."
    return Refused(detail, "INVALID_ID")


def unknown_record_type(name: str) -> Refused:
    """Text guessed."""
    return Refused(f"Record type '{name}' does not exist.", "NONEXISTENT_RECORD_TYPE", 404)


# ---------------------------------------------------------------- fields


def unknown_field(name: str, path: str) -> Refused:
    """Text seen in a response header; as an error body: guessed."""
    detail = unknown_field_text(name)
    return Refused(detail, "INVALID_CONTENT", path=path)


def unknown_field_text(name: str) -> str:
    """Text seen."""
    return f"Unknown field name {name}. The field does not exist on this record instance."


def invalid_value(value: object, field: str, path: str) -> Refused:
    """A value that is unknown, not allowed here, or inactive (guessed). Text seen."""
    detail = f"{ACCESS}You have entered an Invalid Field Value {value} for the following field: {field}."
    return Refused(detail, path=path)


def invalid_reference_for(field: str, key: str, owner: str, owner_id: str) -> Refused:
    """Text seen over SOAP."""
    return Refused(f"{ACCESS}Invalid {field} reference key {key} for {owner} {owner_id}.", path=field)


def account_not_for_subsidiary(account: str, subsidiary: str) -> Refused:
    """Text seen."""
    detail = f"{ACCESS}The {account} account cannot be used with the {subsidiary} subsidiary."
    return Refused(detail, path="account")


def account_in_other_currency(account: str) -> Refused:
    """Text guessed."""
    detail = f"{ACCESS}The {account} account cannot be used with the currency of this transaction."
    return Refused(detail, path="account")


def missing(label: str, path: str | None = None) -> Refused:
    """Text seen."""
    return Refused(f"{ACCESS}Please enter value(s) for: {label}", path=path)


def too_long(field: str, limit: int) -> Refused:
    """Text guessed."""
    detail = f"{ACCESS}The field {field} contained more than the maximum number ( {limit} ) of characters allowed."
    return Refused(detail, path=field)


def malformed_body(why: str) -> Refused:
    """Text guessed, code seen."""
    return Refused(f"Invalid content in the request body: {why}.", "INVALID_REQUEST")


# ---------------------------------------------------------------- amounts, lines, applications


def no_lines() -> Refused:
    """Text seen."""
    return Refused(ACCESS + "You must enter at least one line item for this transaction.")


def negative_total() -> Refused:
    """Text documented for a connector; over REST: guessed."""
    return Refused(ACCESS + "The total cannot be negative")


def too_precise(precision: int, path: str) -> Refused:
    """Text guessed."""
    detail = f"{ACCESS}Transaction was not in balance. Please round amounts to {precision} decimal places."
    return Refused(detail, path=path)


def journal_unbalanced() -> Refused:
    """Text seen."""
    return Refused(ACCESS + "The amounts in a journal entry must balance.")


def not_in_static_sublist() -> Refused:
    """A row that is not one of NetSuite's candidates (cause: guessed), or one with a display-only key (seen)."""
    detail = (
        "You have attempted an invalid sublist or line item operation. You are either trying to access a "
        "field on a non-existent line or you are trying to add or remove lines from a static sublist"
    )
    return Refused(ACCESS + detail, path="apply")


def no_such_line() -> Refused:
    """Text guessed."""
    return Refused(not_in_static_sublist().detail, path="item")


def applied_too_much(of_target: bool) -> Refused:
    """Text of the platform; over REST: guessed."""
    which = "original" if of_target else "applied"
    detail = f"{ACCESS}Links sum to more than {which} transaction amount"
    return Refused(detail, path="apply")


def total_differs_from_applied() -> Refused:
    """Text guessed."""
    return Refused(ACCESS + "Applied and unapplied amounts do not add up to the transaction total.")


def applied_elsewhere() -> Refused:
    """Text guessed."""
    return Refused(ACCESS + "This record cannot be deleted because it has dependent records")


def voided() -> Refused:
    """Text guessed."""
    return Refused(ACCESS + "You cannot change a voided transaction.")


def cannot_change(field: str) -> Refused:
    """Text guessed."""
    return Refused(f"{ACCESS}You cannot change the {field} of this transaction.", path=field)


# ---------------------------------------------------------------- periods


def no_period(on: object) -> Refused:
    """Text guessed."""
    return Refused(f"{ACCESS}There is no open accounting period for the transaction date {on}.", path="tranDate")


def period_closed(name: str) -> Refused:
    """Text guessed."""
    return Refused(f"{ACCESS}The accounting period {name} is closed.", path="postingPeriod")


def period_locked(name: str) -> Refused:
    """Text guessed."""
    return Refused(f"{ACCESS}The accounting period {name} is locked for A/R transactions.", path="postingPeriod")


def date_outside_period() -> Refused:
    """Text seen."""
    detail = "The transaction date you specified is not within the date range of your accounting period."
    return Refused(ACCESS + detail, path="tranDate")


# ---------------------------------------------------------------- the service itself


def concurrency_limit() -> Refused:
    """Text documented."""
    return Refused("Concurrent request limit exceeded. Request blocked.", "CONCURRENCY_LIMIT_EXCEEDED", 429)


def invalid_login() -> Refused:
    """Text documented."""
    return Refused("Invalid login attempt.", "INVALID_LOGIN", 401)


def unexpected(error_id: str) -> Refused:
    """Text documented."""
    return Refused(f"An unexpected error occurred. Error ID: {error_id}", "UNEXPECTED_ERROR", 500)


def bad_query(why: str) -> Refused:
    """Text guessed."""
    return Refused(f"Invalid search query. Detailed unprocessed description follows. {why}", "INVALID_PARAMETER")


def bad_parameter(name: str, value: str) -> Refused:
    """Text guessed."""
    return Refused(f"Invalid value '{value}' for the query parameter {name}.", "INVALID_PARAMETER")


def odd_offset(offset: int, limit: int) -> Refused:
    """Code and text guessed; that the offset must be a multiple of the limit is documented (facts 11, D7)."""
    detail = f"Invalid query parameter value {offset} for offset. Provide a value that is divisible by {limit}."
    return Refused(detail, "INVALID_PARAMETER")


def too_many_rows(limit: int) -> Refused:
    """Code and text guessed (facts 11, D15)."""
    return Refused(f"The query returns more than {limit} results. Narrow your search.", "INVALID_REQUEST")


def hidden_column(column: str, table: str) -> Refused:
    """Reason seen, the words around it guessed."""
    detail = f"Search error occurred: Field '{column}' for record '{table}' was not found."
    return Refused(f"{detail} Reason: NOT_EXPOSED - Not available for channel SEARCH", "INVALID_PARAMETER")


def wrong_accept(accepted: str) -> Refused:
    """Text guessed."""
    return Refused(f"Invalid value of the header Accept. Provide {accepted}.", "INVALID_HEADER", header="Accept")


def wrong_language(header: str, language: str) -> Refused:
    """Text seen, in English also in accounts of other languages."""
    detail = (
        "Invalid language. REST web services currently only support the default company language, and do not support "
        f"the language specified in your user preferences. Provide the {header} header with your default company "
        f"language value '{language}'."
    )
    return Refused(detail, "INVALID_HEADER", header=header)


def missing_transient() -> Refused:
    """Text guessed."""
    return Refused("The required request header 'Prefer' is missing or not 'transient'.", "INVALID_HEADER")
