"""The books on disk: killed at any moment, shared by processes and threads."""

import signal
import subprocess
import sys
import threading
import time

import pytest

from sandbox.netsuite.books import Books
from sandbox.netsuite.errors import Refused
from tests.sandbox.netsuite.company import applied, apply, company, credit, line, open_amount, sale

WRITER = """
import sys
from tests.sandbox.netsuite.company import apply, applied, credit, line
from sandbox.netsuite.books import Books
books = Books(sys.argv[1])
for n in range(100_000):
    body = credit(line(1), externalId=f"cn_{n}", **applied(apply("1", "0.01")))
    print(books.create("creditMemo", body), flush=True)
"""


def test_every_answered_write_survives_a_kill(tmp_path):
    path = tmp_path / "books.sqlite"
    books = company(path)
    invoice = books.create("invoice", sale(line(1000)))
    for _ in range(2):
        before = len(books.transactions())
        process = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
        for _ in range(20):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        answered = 20 + len(process.stdout.read().splitlines()[:-1])
        process.wait()
        books = Books(path)
        memos = books.transactions("CustCred")
        assert len(books.transactions()) - before >= min(answered, 20)
        assert open_amount(books, invoice) * 100 == 100_000 - len(memos)
        for memo in memos:
            books.unapply(memo.id)
            books.delete(memo.id)


def test_a_second_process_is_seen_at_once(tmp_path):
    path = tmp_path / "books.sqlite"
    one = company(path)
    two = Books(path)
    invoice = two.create("invoice", sale(externalId="in_1"))
    memo = one.create("creditMemo", credit(externalId="cn_1", **applied(apply(invoice, 100))))
    with pytest.raises(Refused, match="already exists"):
        two.create("invoice", sale(externalId="CN_1"))
    assert [t.id for t in two.transactions()] == [int(invoice), int(memo)]
    one.unapply(memo)
    one.delete(memo)
    assert two.create("invoice", sale(externalId="cn_1")) == "3"
    two.set_period(102, closed=True)
    with pytest.raises(Refused, match="closed"):
        one.create("invoice", sale())


def test_a_written_record_reads_back_the_same(tmp_path):
    path = tmp_path / "books.sqlite"
    books = company(path)
    books.create("invoice", sale(line("1.10", custcol_from="2026-01-01"), custbody_note="x"))
    books.create("creditMemo", credit(**applied(apply("1", "0.10"))))
    assert Books(path).transactions() == books.transactions()


def test_threads_never_share_an_id(tmp_path):
    books = company(tmp_path / "books.sqlite")
    ids: list[str] = []

    def write(name: int) -> None:
        ids.extend(books.create("invoice", sale(externalId=f"in_{name}_{n}")) for n in range(50))

    threads = [threading.Thread(target=write, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(int, ids)) == list(range(1, 401))


def test_thousands_of_histories_in_memory_are_quick():
    start = time.perf_counter()
    for n in range(200):
        books = company()
        invoice = books.create("invoice", sale())
        books.create("creditMemo", credit(externalId=f"cn_{n}", **applied(apply(invoice, 5))))
    assert time.perf_counter() - start < 5  # usually 0.1
