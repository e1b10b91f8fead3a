"""What NetSuite must hold and the marts must say after a run, by the oracle; every difference in words."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from sandbox.netsuite.records import Transaction
from tests.acceptance.world import World
from tests.property.oracle import Application, Component, Document, Oracle, decimals, first

Obj = dict[str, Any]


class Expect(Oracle):
    """The oracle for a run that is not the first: what was posted before stays posted."""

    def __init__(self, world: World, posted: dict[str, Document]) -> None:
        self.posted = posted
        self.taxed: set[str] = set()
        self.world = world
        super().__init__(world.stripe(), world.mappings, world.netsuite(), world.choices.variables)

    def _scaled(self, document: Document, components: list[Component], total: int) -> None:
        super()._scaled(document, components, total)
        if any(c.kind == "tax" and c.scaled for c in components):
            self.taxed.add(document.id)

    def _negative_invoices(self) -> None:
        super()._negative_invoices()
        for document in self.documents.values():
            if document.id in self.posted and document.type == "negative_invoice":
                document.adopts = self.posted[document.id].adopts

    def _remaining(self) -> None:
        ids: dict[str, list[str]] = {}
        for id in self.documents:
            ids.setdefault(id.lower(), []).append(id)
        for twins in ids.values():
            for id in twins if len(twins) > 1 else ():  # X2
                self.documents[id].findings.add("external_id_collision")
        kept = {id: self.documents[id].applications for id in self.posted if id in self.documents}
        for id in kept:
            self.documents[id].applications = [p for p in kept[id] if p.type != "invoice"]
        super()._remaining()
        for id, parts in kept.items():
            self.documents[id].applications = parts

    def _settle(self) -> None:
        posted = [self.documents[id] for id in self.posted if id in self.documents]
        findings = {d.id: set(d.findings) for d in posted}
        for document in posted:
            document.findings.clear()
        super()._settle()
        for document in posted:
            document.state = "posted"
            document.reason = "adopted" if self.posted[document.id].adopts else "created"
            if "refund_failed" in findings[document.id]:
                document.state, document.reason = "blocked", "refund_failed"
            document.findings = findings[document.id]


@dataclass
class Expectations:
    """All that is to be in NetSuite by now, from round to round."""

    posted: dict[str, Document] = field(default_factory=dict)
    refunds: dict[str, dict[str, int]] = field(default_factory=dict)  # refund -> note -> amount
    refund_dates: dict[str, date] = field(default_factory=dict)
    uncertain: set[str] = field(default_factory=set)  # refunds or documents the rules leave open
    refund_fields: dict[str, str | None] = field(default_factory=dict)


def open_question(document: Document, expect: Expect) -> bool:
    """What `checks.is_open_question` leaves open."""
    by_hand = expect.decisions.get(document.id) == "out_of_band"
    return by_hand or bool(document.journals) or document.items_uncertain


class Check:
    def __init__(self, world: World, kept: Expectations, expect: Expect, warehouse: Path, tag: str) -> None:
        self.world, self.kept, self.expect, self.tag = world, kept, expect, tag
        self.found: list[str] = []
        self.books = world.books
        self.books.refresh()
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            self.outcomes = {r["document_id"]: r for r in _rows(connection, "select * from marts.credit_outcomes")}
            self.log = _rows(connection, 'select * from marts.netsuite_load_log order by "at"')
            self.parts = _rows(connection, "select * from marts.credit_memo_applications")
            self.reconciliation = _rows(connection, "select * from marts.refund_reconciliation")
        self.by_external = defaultdict(list)
        for t in self.books.transactions():
            if t.external_id and t.id not in world.made:
                self.by_external[t.external_id].append(t)
        self.adopted = 0
        self.attempted = {r["external_id"] for r in self.log if r["status"] == "attempted"}
        self.strategy = expect.var["tax_strategy"]

    def say(self, *words: object) -> None:
        self.found.append(f"[{self.tag}] " + " ".join(str(w) for w in words))

    def same(self, what: str, id: str, expected: object, found: object) -> bool:
        if expected != found:
            self.say(f"{what} of {id}: expected {expected!r}, found {found!r}")
        return expected == found

    # ------------------------------------------------------------------ outcomes

    def run(self) -> list[str]:
        self._outcomes()
        for id, document in self.kept.posted.items():
            self._record(document, id)
        self._refunds()
        self._nothing_else()
        self._load_log()
        self._part_states()
        return self.found

    def _outcomes(self) -> None:
        """State and reason; and takes over what has been posted now."""
        expect = self.expect
        for id in sorted(expect.documents.keys() | self.outcomes.keys()):
            document, row = expect.documents.get(id), self.outcomes.get(id)
            if document is None or row is None:
                self.say(f"{id}: expected {document and (document.state, document.reason)}, found {row}")
                continue
            before = (document.state, document.reason)
            state, reason = before
            if before[0] == "ready":
                state, reason = "posted", "adopted" if document.adopts else "created"
            found = (row["state"], row["reason"])
            vague = self.strategy == "none" and id in expect.taxed and document.type == "credit_note"
            if vague and found[1] in ("netsuite_differs", "netsuite_rejected", "created"):
                self.kept.uncertain.add(id)
                if row["netsuite_internal_id"]:
                    self.kept.posted.setdefault(id, document)
                    self._note_refunds(document, uncertain=True)
                continue
            # A record that a killed or faulty run made is found again: both reasons are true of it.
            was_made = found == ("posted", "adopted") and (state, reason) == ("posted", "created")
            unclear = document.items_uncertain and {reason, found[1]} & {
                "balance_from_payment",
                "item_unmapped",
            }
            if unclear:
                pass
            elif was_made and id in self.attempted:
                self.adopted += 1
            elif found != (state, reason):
                note = " (open question)" if open_question(document, expect) else ""
                self.say(
                    f"outcome of {id} ({document.type}, {document.customer}): expected {(state, reason)}, "
                    f"found {found}{note}; findings {sorted(document.findings)}; detail: {row['detail']}"
                )
            for column, value in (
                ("stripe_customer_id", document.customer),
                ("stripe_invoice_id", document.invoice),
                ("currency", document.currency),
                ("amount_minor", document.amount),
                ("document_type", document.type),
                ("external_id", id),
            ):
                self.same(f"outcome {column}", id, value, row[column])
            if found[0] == "posted" or row["netsuite_internal_id"]:
                self.same("internal id given", id, True, bool(row["netsuite_internal_id"]))
                if id not in self.kept.posted:
                    self.kept.posted[id] = document
                if found[0] != "posted":
                    self.kept.uncertain.add(id) if "refund_failed" not in found else None
                self._note_refunds(document, uncertain=found != (state, reason) or found[0] != "posted")

    def _note_refunds(self, document: Document, uncertain: bool) -> None:
        if document.journals:
            return
        for part in document.applications:
            if part.type != "customer_refund":
                continue
            if uncertain:
                self.kept.uncertain.add(str(part.target))
            if part.state == "ready":
                refund = self.expect.stripe["refunds"][part.target]
                parts = self.kept.refunds.setdefault(str(part.target), {})
                found = self.by_external.get(str(part.target), [])
                if document.id not in parts and parts and found:
                    day = str(found[0].tran_date)
                    if self._is_closed(day):
                        continue  # R3: its period is closed now
                parts[document.id] = part.amount
                day = self.expect.open_day(self.expect.day(refund["created"]))
                if day:
                    self.kept.refund_dates.setdefault(str(part.target), day)
                self.kept.refund_fields[str(part.target)] = refund["reason"]

    def _is_closed(self, day: str) -> bool:
        row = self.books.row("accountingperiod", self.books.period_on(date.fromisoformat(day)) or "")
        return row is None or "T" in (row["closed"], row["arlocked"], row["alllocked"])

    # ------------------------------------------------------------------ records

    def _one(self, id: str, type: str) -> Transaction | None:
        found = [t for t in self.by_external.get(id, []) if t.type == type]
        if len(found) != 1:
            self.say(f"{type} {id}: {len(found)} records in NetSuite")
            return None
        return found[0]

    def _record(self, document: Document, id: str) -> None:
        if document.type == "negative_invoice":
            return self._zero(document)
        if document.journals:
            return self._journals(document)
        t = self._one(id, "CustCred")
        if t is None or id in self.kept.uncertain:
            return None
        kept_items = {k: v for k, v in (("entity", t.entity), ("currency", self._symbol(t)))}
        self.same("customer", id, document.netsuite_customer, kept_items["entity"])
        self.same("currency", id, document.currency, kept_items["currency"])
        self.same("total", id, self._major(document, document.memo or 0), t.total)
        invoice = self.books.transaction(document.netsuite_invoice or "0")
        if invoice:
            self.same("A/R account", id, invoice.receivable, t.receivable)
            self.same("subsidiary", id, invoice.subsidiary, t.subsidiary)
        self.same("date", id, document.tran_date, t.tran_date)
        self._text(document, t.memo or "")
        self._lines(document, t)
        parts = [p.amount for p in document.applications if p.type == "invoice" and p.amount]
        applications = {document.netsuite_invoice: self._major(document, sum(parts))} if parts else {}
        self.same("applications", id, applications, {str(k): v for k, v in t.applications.items()})
        self._fields(document, t)

    def _symbol(self, t: Transaction) -> str:
        row = self.books.row("currency", t.currency)
        return str(row["symbol"]).lower() if row else "?"

    @staticmethod
    def _major(document: Document, amount: int) -> Decimal:
        return Decimal(amount).scaleb(-decimals(document.currency))

    def _text(self, document: Document, text: str) -> None:
        additions = []
        if any(p.type == "out_of_band" for p in document.applications):
            additions.append("out-of-band")
        if document.original_date:
            additions.append(f"Original transaction date: {document.original_date}")
        if not additions:
            self.same("memo text", document.id, document.text[:999].strip(), text.strip())
            return
        base = document.text if len(document.text) < 600 else document.text[:600]
        if not (text.startswith(base) and len(text) <= 999 and all(a.lower() in text.lower() for a in additions)):
            self.say(f"memo text of {document.id}: expected {base!r} + {additions}, found {text!r}")

    def _lines(self, document: Document, t: Transaction) -> None:
        id, var = document.id, self.expect.var
        if document.items_uncertain and var["customer_balance_lines"] == "auto":
            return  # more than one order of the ledger is possible
        gross = var["line_amount_basis"] == "gross"
        if len(document.rows) != len(t.lines):
            self.say(f"lines of {id}: expected {[(r.kind, r.item, r.amount) for r in document.rows]}, "
                     f"found {[(x.item, x.amount) for x in t.lines]}")  # fmt: skip
            return
        note = self.expect.stripe["credit_notes"].get(id)
        own_lines = {x["id"] for x in note["lines"]["data"]} if note else set()  # L4: else the invoice's
        for row, line in zip(document.rows, t.lines, strict=True):
            name = f"{id} line {line.line} ({row.kind})"
            item = self.books.row("item", line.item)
            if row.item:
                self.same("item", name, row.item, line.item)
            else:
                self.same("created item", name, row.item_external_id, item and item["externalid"])
            amount = line.amount + line.tax if gross else line.amount
            self.same("amount", name, self._major(document, row.amount), amount)
            if self.strategy != "none" and not gross:
                self.same("tax added", name, Decimal(0), line.tax)
            if row.kind == "item":
                self.same("quantity", name, Decimal(row.quantity or 0), line.quantity)
            if row.kind in ("item", "custom") or (row.kind == "balance" and row.line):
                self.same("description", name, (row.description or "")[:4000], line.description or "")
            if row.kind in ("item", "balance"):
                found = (line.extra.get("revRecStartDate"), line.extra.get("revRecEndDate"))
                self.same("period", name, tuple(d and str(d) for d in (row.period_start, row.period_end)), found)
            if gross and row.rate and document.type == "credit_note":
                code = (self.expect._tax_row(row.rate) or {}).get("netsuite_tax_code_id")
                self.same("tax code", name, code, line.tax_code)
            elif var["untaxed_tax_code"] and (self.strategy != "none" or document.type == "balance_use"):
                self.same("tax code", name, var["untaxed_tax_code"], line.tax_code)
            if "custcol_line_id" in self._mapped("memo_line") and row.kind in ("item", "custom"):
                own = row.line if row.line in own_lines else None
                self.same("custcol_line_id", name, own, line.extra.get("custcol_line_id"))
        self.same("override", id, self.strategy == "suitetax_override", t.tax_override)
        reference = {line.reference: row.line for row, line in zip(document.rows, t.lines, strict=True)}
        expected = [(d.line, d.code, d.type, self._major(document, d.amount)) for d in document.details]
        found = [(reference.get(d.reference), d.code, d.type, d.amount) for d in t.tax_details]
        if self.same("tax details", id, expected, found):
            for want, got in zip(document.details, t.tax_details, strict=True):
                if want.basis is not None:
                    self.same("tax basis", id, self._major(document, want.basis), got.basis)

    def _mapped(self, target: str) -> set[str]:
        return {r["netsuite_field"] for r in self.world.mappings.get("field_map", []) if r["target"] == target}

    def _fields(self, document: Document, t: Transaction) -> None:
        out = any(p.type == "out_of_band" for p in document.applications)
        name = self.expect.var.get("out_of_band_field")
        if name and document.type == "credit_note":
            self.same("out-of-band flag", document.id, out, bool(t.extra.get(name)))
        if not self._mapped("memo"):
            return
        note = self.expect.stripe["credit_notes"].get(document.id, {})
        invoice = self.expect.stripe["invoices"][document.invoice]
        expected = {
            "custbody_note_number": note.get("number"),
            "custbody_invoice_number": invoice["number"],
            "custbody_source": "Stripe, Inc.",
        }
        for field_name, value in expected.items():
            self.same(field_name, document.id, value or None, t.extra.get(field_name))

    def _zero(self, document: Document) -> None:
        if document.adopts:
            self.same("adopted, not created", document.id, [], self.by_external.get(document.id, []))
            return
        t = self._one(document.id, "CustInvc")
        if t is None:
            return
        self.same("customer", document.id, document.netsuite_customer, t.entity)
        self.same("currency", document.id, document.currency, self._symbol(t))
        self.same("total", document.id, Decimal(0), t.total)
        self.same("date", document.id, document.tran_date, t.tran_date)
        self.same("text", document.id, True, (t.memo or "").startswith(f"Stripe: {document.id}."))
        found = [(x.item, x.quantity) for x in t.lines]
        want = [(item or self._item_id(ext), Decimal(q)) for item, ext, q in document.zero_rows]
        self.same("zero lines", document.id, want, found)

    def _item_id(self, external_id: str | None) -> str | None:
        return next((r["id"] for r in self.books.rows("item") if r["externalid"] == external_id), None)

    def _journals(self, document: Document) -> None:
        expect = self.expect
        for id, amount in document.journals:
            t = self._one(id, "Journal")
            if t is None:
                continue
            value = self._major(document, amount)
            debit = expect.account("pre_go_live_income", document.currency)
            credit = expect.account("refund", document.currency)
            self.same("journal", id, {(debit, value, Decimal(0)), (credit, Decimal(0), value)},
                      {(x.account, x.debit, x.credit) for x in t.journal})  # fmt: skip
            self.same("currency", id, document.currency, self._symbol(t))

    def _refunds(self) -> None:
        for id, parts in self.kept.refunds.items():
            documents = [self.kept.posted[d] for d in parts if d in self.kept.posted]
            if not documents or id in self.kept.uncertain:
                continue
            t = self._one(id, "CustRfnd")
            if t is None:
                continue
            document = documents[0]
            memos = {d.id: self._one(d.id, "CustCred") for d in documents}
            expected = {memos[d].id: self._major(document, a) for d, a in parts.items() if memos.get(d)}
            self.same("refund applications", id, expected, t.applications)
            self.same("refund total", id, sum(expected.values(), Decimal(0)), t.total)
            self.same("refund customer", id, document.netsuite_customer, t.entity)
            self.same("refund currency", id, document.currency, self._symbol(t))
            self.same("refund account", id, self.expect.account("refund", document.currency), t.account)
            self.same("refund date", id, self.kept.refund_dates.get(id), t.tran_date)
            self.same("refund text", id, True, (t.memo or "").startswith(f"Stripe: {id}."))
            if self._mapped("customer_refund"):
                self.same("custbody_reason", id, self.kept.refund_fields[id] or None, t.extra.get("custbody_reason"))

    # ------------------------------------------------------------------ nothing else, the log

    def _nothing_else(self) -> None:
        wanted = set(self.kept.posted) | set(self.kept.refunds) | self.kept.uncertain
        wanted |= {id for d in self.kept.posted.values() for id, _ in d.journals}
        for id, records in self.by_external.items():
            if id not in wanted:
                self.say(f"{records[0].type} {id} is in NetSuite and nothing asked for it")
        for t in self.books.transactions():
            if t.id not in self.world.made and not t.external_id:
                self.say(f"{t.type} {t.id} without external id: not the pipeline's?")
        seen: dict[str, int] = {}
        for t in self.books.transactions():
            key = (t.external_id or f"#{t.id}").lower()
            if key in seen:
                self.say(f"{t.external_id}: two records, {seen[key]} and {t.id}")
            seen[key] = t.id

    def _load_log(self) -> None:
        attempts: dict[str, Obj] = {}
        made: dict[str, set[str]] = defaultdict(set)
        for row in self.log:
            if row["status"] == "attempted":
                if row["attempt_id"] in attempts:
                    self.say(f"log: attempt {row['attempt_id']} twice")
                attempts[row["attempt_id"]] = row
                made[row["external_id"]].add("attempted " + row["operation"])
                continue
            if row["operation"] in ("create", "apply"):
                before = attempts.get(row["attempt_id"])
                if before is None or before["at"] > row["at"]:
                    self.say(f"log: {row['status']} {row['record_type']} {row['external_id']} without attempt")
            made[row["external_id"]].add(row["status"])
        for id, records in self.by_external.items():
            for t in records:
                statuses = made.get(id, set())
                if "attempted create" not in statuses:
                    self.say(f"log: {t.type} {id} is in NetSuite, no attempt to create it is logged: {statuses}")
                vague = id in self.kept.uncertain and self._is_different(id)
                if not statuses & {"created", "adopted"} and not vague:
                    self.say(f"log: {t.type} {id} is in NetSuite, the log has only {statuses}")
        for row in self.log:
            if row["status"] == "created" and row["record_type"] != "serviceSaleItem":
                t = self.books.transaction(row["internal_id"]) if row["internal_id"] else None
                if t is None or t.external_id != row["external_id"]:
                    other = t and t.external_id
                    self.say(f"log: created {row['external_id']} as {row['internal_id']}, which is {other}")

    def _is_different(self, id: str) -> bool:
        """Under `none` this company computes no tax: what Stripe taxed has another total here."""
        row = self.outcomes.get(id)
        return self.strategy == "none" and row is not None and row["reason"] == "netsuite_differs"

    def _part_states(self) -> None:
        found = {(r["external_id"], r["application_type"], r["target_external_id"]): r for r in self.parts}
        for id, document in self.expect.documents.items():
            if id not in self.kept.posted or id in self.kept.uncertain or document.journals:
                continue
            if self.kept.posted[id].state != "ready" and document.state == "blocked":
                continue
            for p in document.applications:
                if p.type != "customer_refund" or p.target in self.kept.uncertain:
                    continue
                row = found.get((id, p.type, p.target))
                want = "posted" if p.state == "ready" else p.state
                applied = id in self.kept.refunds.get(str(p.target), {})
                if not applied and p.state == "ready":
                    want = "blocked"
                if applied and p.reason == "period_closed":
                    want = "posted"  # before the period was closed
                if row is None or row["state"] != want:
                    self.say(f"application of {id} to {p.target}: expected {want} {p.reason}, found "
                             f"{row and (row['state'], row['reason'], row['detail'])}")  # fmt: skip


def _rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[Obj]:
    cursor = connection.execute(sql)
    names = [c[0] for c in cursor.description]
    return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]


__all__ = ["Application", "Check", "Expect", "Expectations", "first", "json"]
