"""The REST service over HTTP: authentication, headers, error bodies, concurrency, faults."""

import json
import stat
import threading
import time
import uuid
from decimal import Decimal
from email.utils import parsedate_to_datetime

import jwt
import pytest
import requests
from requests_oauthlib import OAuth1

from sandbox.netsuite import credentials, service
from sandbox.netsuite.server import Server, start
from sandbox.netsuite.service import Fault
from tests.sandbox.netsuite.company import applied, apply, company, credit, line, sale, total

RECORD = "/services/rest/record/v1"
SUITEQL = "/services/rest/query/v1/suiteql"
TOKEN = "/services/rest/auth/oauth2/v1/token"
KEYS = {"ec": credentials.make(), "rsa": credentials.make("rsa")}


@pytest.fixture
def serve():
    """A function that starts a service, which ends with the test."""
    servers: list[Server] = []

    def begin(books=None, **options) -> Server:
        servers.append(start(books or company(), **({"credentials": KEYS["ec"]} | options)))
        return servers[-1]

    yield begin
    for server in servers:
        server.stop()


def ask_token(server: Server, algorithm="ES256", key=None, kid=None, **claims) -> requests.Response:
    known, url, now = server.credentials, server.url + TOKEN, int(time.time())
    content = {
        "iss": known["client_id"], "scope": "rest_webservices", "aud": url, "iat": now, "exp": now + 3600,
    } | claims  # fmt: skip
    content = {name: value for name, value in content.items() if value is not None}
    headers = {"kid": kid or known["certificate_id"], "typ": "JWT"}
    assertion = jwt.encode(content, key or known["private_key"], algorithm=algorithm, headers=headers)
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion,
    }
    return requests.post(url, data=form, timeout=10)


def client(server: Server) -> requests.Session:
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {ask_token(server).json()['access_token']}"
    session.headers["X-NetSuite-PropertyNameValidation"] = "Error"
    return session


def post(server: Server, session: requests.Session, body, record_type="creditMemo", **more) -> requests.Response:
    text = json.dumps(body, default=float)
    return session.post(f"{server.url}{RECORD}/{record_type}", data=text, timeout=10, **more)


def count(server: Server) -> int:
    return len(server.service.books.transactions("CustCred"))


class Ago(int):
    """Seconds before the test runs; cases are made long before."""

    @staticmethod
    def told(claims: dict) -> dict:
        return {name: int(time.time()) - value if isinstance(value, Ago) else value for name, value in claims.items()}


# ---------------------------------------------------------------- OAuth 2.0


@pytest.mark.parametrize(
    ("kind", "algorithm", "claims", "accepted"),
    [
        ("ec", "ES256", {}, True),
        ("rsa", "PS256", {}, True),
        ("rsa", "PS512", {}, True),
        ("rsa", "RS256", {}, False),
        ("ec", "ES256", {"scope": ["restlets", "rest_webservices"]}, True),
        ("ec", "ES256", {"scope": "restlets"}, False),
        ("ec", "ES256", {"iss": "someone"}, False),
        ("ec", "ES256", {"aud": "http://127.0.0.1/elsewhere"}, False),
        ("ec", "ES256", {"exp": None}, False),
        ("ec", "ES256", {"iat": None}, False),
        ("ec", "ES256", {"exp": Ago(-3700)}, False),
        ("ec", "ES256", {"iat": Ago(7200), "exp": Ago(3600)}, False),
        ("ec", "ES256", {"iat": Ago(-3000), "exp": Ago(-6000)}, False),
        ("ec", "ES256", {"kid": "unknown"}, False),
        ("ec", "ES256", {"key": credentials.make()["private_key"]}, False),
    ],
)
def test_client_credentials(serve, kind, algorithm, claims, accepted):
    server = serve(credentials=KEYS[kind])
    answer = ask_token(server, algorithm, **Ago.told(claims))
    assert answer.status_code == (200 if accepted else 400), answer.text
    if accepted:
        assert answer.json()["expires_in"] == "3600"


def test_a_token_expires(serve):
    server = serve(token_lifetime=0.2)
    session = client(server)
    url = f"{server.url}{RECORD}/customer/1"
    assert session.get(url, timeout=10).status_code == 200
    time.sleep(0.25)
    answer = session.get(url, timeout=10)
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert answer.json()["o:errorDetails"][0]["o:errorCode"] == "INVALID_LOGIN"


# ---------------------------------------------------------------- token-based authentication


def signed(server: Server, **changes) -> OAuth1:
    known = server.credentials | changes
    return OAuth1(
        known["consumer_key"], known["consumer_secret"], known["token_id"], known["token_secret"],
        realm=known["account_id"], signature_method=known.get("method", "HMAC-SHA256"),
        nonce=known.get("nonce"), timestamp=known.get("timestamp") and str(known["timestamp"]),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "accepted"),
    [
        ({}, True),
        ({"account_id": "7654321_sb1"}, False),
        ({"consumer_secret": "x"}, False),
        ({"token_id": "x"}, False),
        ({"method": "HMAC-SHA1"}, False),
        ({"timestamp": Ago(400)}, False),
        ({"timestamp": Ago(200)}, True),
        ({"nonce": "short"}, False),
    ],
)
def test_token_based_authentication(serve, changes, accepted):
    server = serve()
    url = f"{server.url}{RECORD}/customer/1?expandSubResources=true"
    answer = requests.get(url, auth=signed(server, **Ago.told(changes)), timeout=10)
    assert answer.status_code == (200 if accepted else 401)


def test_a_nonce_can_be_used_once(serve):
    server = serve()
    url = f"{server.url}{SUITEQL}?limit=5&offset=0"
    body, headers = {"q": "SELECT id FROM transaction"}, {"Prefer": "transient"}
    auth = signed(server, nonce="n0123456789")
    statuses = [requests.post(url, auth=auth, json=body, headers=headers, timeout=10).status_code for _ in "12"]
    assert statuses == [200, 401]


# ---------------------------------------------------------------- records


def test_a_write_and_its_headers(serve):
    server = serve()
    session = client(server)
    answer = post(server, session, credit(line(Decimal("10.10"), rate=3), externalId="cn_1"))
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["Location"] == f"{server.url}{RECORD}/creditmemo/1"
    assert uuid.UUID(answer.headers["X-N-OperationId"]) != uuid.UUID(answer.headers["X-NetSuite-JobId"])
    assert "not equal to the item price" in answer.headers["X-NetSuite-Warning"]
    for id in ("1", "eid:cn_1", "eid:CN_1"):
        url = f"{server.url}{RECORD}/CreditMemo/{id}?expandSubResources=true"
        shown = json.loads(session.get(url, timeout=10).text, parse_float=Decimal)
        assert (shown["id"], shown["total"]) == ("1", Decimal("10.10"))
        assert len(shown["item"]["items"]) == 1
    shown = session.get(f"{server.url}{RECORD}/creditmemo/1?fields=total,memo", timeout=10).json()
    assert shown.keys() == {"links", "total"}


def test_a_patch(serve):
    books = company()
    invoice, memo = books.create("invoice", sale()), books.create("creditMemo", credit(externalId="cn_1"))
    server = serve(books)
    session = client(server)
    for id in (memo, "eid:cn_1"):
        url = f"{server.url}{RECORD}/creditMemo/{id}"
        answer = session.patch(url, json=applied(apply(invoice, 10)), timeout=10)
        assert (answer.status_code, answer.headers["Location"].rpartition("/")[2]) == (204, memo)
    assert session.patch(url + "?replace=item", json={}, timeout=10).status_code == 400


def test_an_error_body(serve):
    server = serve()
    session = client(server)
    assert post(server, session, credit(externalId="cn_1")).status_code == 204
    answer = post(server, session, credit(externalId="CN_1"))
    assert answer.headers["Content-Type"] == "application/vnd.oracle.resource+json; type=error; charset=UTF-8"
    assert answer.json() == {
        "type": "https://www.rfc-editor.org/rfc/rfc9110.html#section-15.5.1",
        "title": "Bad Request",
        "status": 400,
        "o:errorDetails": [
            {
                "detail": "Error while accessing a resource. This record already exists.",
                "o:errorCode": "USER_ERROR",
            }
        ],
    }


@pytest.mark.parametrize(
    ("mode", "status", "notice"),
    [
        ("Error", 400, None),
        ("Warning", 204, "Unknown field name colour."),
        ("Ignore", 204, None),
        (None, 204, "colour"),
    ],
)
def test_unknown_fields(serve, mode, status, notice):
    server = serve()
    session = client(server)
    answer = post(server, session, credit(colour="red"), headers={"X-NetSuite-PropertyNameValidation": mode})
    assert answer.status_code == status
    header = answer.headers.get("X-NetSuite-PropertyValidation", "")
    assert (notice in header) if notice else not header


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", RECORD + "/customer/9", "", 404),
        ("GET", RECORD + "/creditMemo/9", "", 400),
        ("GET", RECORD + "/creditMemo", "", 405),
        ("DELETE", RECORD + "/creditMemo/1", "", 405),
        ("PUT", RECORD + "/creditMemo/eid:x", "{}", 405),
        ("POST", RECORD + "/creditMemo", "{", 400),
        ("POST", RECORD + "/creditMemo", "[]", 400),
        ("POST", RECORD + "/creditMemo", '{"memo": NaN}', 400),
        ("POST", RECORD + "/nothing", "{}", 404),
        ("GET", "/elsewhere", "", 404),
        ("GET", SUITEQL, "", 405),
        ("POST", SUITEQL, "{}", 400),
        ("POST", SUITEQL, '{"q": "SELECT id FROM transaction LIMIT 1"}', 400),
        ("POST", SUITEQL + "?limit=2000", '{"q": "SELECT id FROM transaction"}', 400),
        ("POST", SUITEQL + "?page=2", '{"q": "SELECT id FROM transaction"}', 400),
    ],
)
def test_refused_requests_have_netsuites_error_body(serve, method, path, body, status):
    server = serve()
    answer = client(server).request(method, server.url + path, data=body, headers={"Prefer": "transient"}, timeout=10)
    assert (answer.status_code, answer.json()["status"]) == (status, status)


def test_suiteql_over_http(serve):
    books = company()
    books.create("invoice", sale())
    server = serve(books)
    session = client(server)
    body = {"q": "SELECT id FROM transaction"}
    answer = session.post(server.url + SUITEQL, json=body, timeout=10)
    assert answer.json()["o:errorDetails"][0]["o:errorCode"] == "INVALID_HEADER"
    answer = session.post(server.url + SUITEQL, json=body, headers={"Prefer": "transient"}, timeout=10)
    assert answer.headers["Preference-Applied"] == "transient"
    assert answer.text.endswith("\n")
    url = f"{server.url}{SUITEQL}"
    assert answer.json() == {
        "links": [{"rel": "self", "href": f"{url}?limit=1000&offset=0"}],
        "count": 1, "hasMore": False, "offset": 0, "totalResults": 1,
        "items": [{"links": [], "id": "1"}],
    }  # fmt: skip


def test_suiteql_links_lead_from_page_to_page(serve):
    books = company()
    for _ in range(5):
        books.create("invoice", sale())
    server = serve(books)
    session = client(server)
    session.headers["Prefer"] = "transient"
    url, ids, pages = f"{server.url}{SUITEQL}?limit=2", [], 0
    while url:
        page = session.post(url, json={"q": "SELECT id FROM transaction ORDER BY id"}, timeout=10).json()
        ids += [row["id"] for row in page["items"]]
        url = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)
        pages += 1
    assert (ids, pages) == (["1", "2", "3", "4", "5"], 3)


def test_the_date_header_can_be_another_than_the_clients(serve):
    server = serve(date_offset=200 * 86_400)
    answer = client(server).get(f"{server.url}{RECORD}/customer/1", timeout=10)
    assert answer.status_code == 200  # tokens go by the right clock
    assert 199 < (parsedate_to_datetime(answer.headers["Date"]).timestamp() - time.time()) / 86_400 < 201


# ---------------------------------------------------------------- concurrency, speed, log


def test_requests_above_the_limit_are_refused(serve):
    server = serve(concurrency=2, latency=0.3)
    session = client(server)
    statuses: list[int] = []

    def write(n: int) -> None:
        statuses.append(post(server, session, credit(externalId=f"cn_{n}")).status_code)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [204, 204, 429, 429, 429]
    assert count(server) == 2


def test_writes_are_quick_and_logged_without_secrets(serve, tmp_path):
    server = serve(company(tmp_path / "books.sqlite"))
    session = client(server)
    begin = time.perf_counter()
    for n in range(100):
        assert post(server, session, credit(externalId=f"cn_{n}")).status_code == 204
    assert time.perf_counter() - begin < 2  # usually 0.15
    writes = [entry for entry in server.log if entry.method == "POST" and entry.path == RECORD + "/creditMemo"]
    assert [entry.status for entry in writes] == [204] * 100
    assert session.headers["Authorization"].split()[1] not in str(server.log)


# ---------------------------------------------------------------- faults


@pytest.mark.parametrize(
    ("fault", "status", "written"),
    [
        (service.DROP_BEFORE, None, 0),
        (service.DROP_AFTER, None, 1),
        (service.ERROR_BEFORE, 500, 0),
        (service.ERROR_AFTER, 500, 1),
        (service.GATEWAY_BEFORE, 502, 0),
        (service.GATEWAY_AFTER, 502, 1),
        (service.OVERLOAD, 429, 0),
        (service.EXPIRED, 401, 0),
        (service.NO_LOCATION, 204, 1),
        (Fault(delay=0.1), 204, 1),
    ],
)
def test_faults(serve, fault, status, written):
    server = serve(faults=lambda request: fault if request.is_write else None)
    session = client(server)
    if status is None:
        with pytest.raises(requests.ConnectionError):
            post(server, session, credit())
    else:
        answer = post(server, session, credit())
        assert answer.status_code == status
        assert ("Location" in answer.headers) == (fault == Fault(delay=0.1))
        assert not (status == 502 and answer.text.startswith("{"))
    assert count(server) == written


def test_a_write_can_take_effect_after_the_client_disconnected(serve):
    fault = Fault("drop", "later", after=0.2)
    server = serve(faults=lambda request: fault if request.is_write else None)
    session = client(server)
    with pytest.raises(requests.ConnectionError):
        post(server, session, credit(externalId="cn_1"))
    assert count(server) == 0
    time.sleep(0.4)
    assert count(server) == 1


def test_a_fault_hook_sees_the_request(serve):
    seen = []
    server = serve(faults=lambda request: seen.append((request.number, request.method, request.is_write)))
    post(server, client(server), credit())
    assert seen == [(1, "POST", False), (2, "POST", True)]


def test_the_service_needs_no_network():
    books = company()
    gate = service.Service(books, KEYS["ec"], service.Options(faults=lambda request: service.DROP_AFTER))
    assert gate.handle(service.Request("POST", TOKEN, {"host": "x"}, b"")) is None
    assert gate.log[0].status == 0


# ---------------------------------------------------------------- credentials


@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_credentials_are_made_once_and_private(tmp_path, kind):
    made = credentials.ensure(tmp_path / "state", kind)
    assert credentials.ensure(tmp_path / "state", kind) == made
    for file in (tmp_path / "state").iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert credentials.environment(made, "http://127.0.0.1:1")["NETSUITE_CERTIFICATE_ID"] == made["certificate_id"]


def test_totals_survive_the_wire_exactly(serve):
    server = serve()
    session = client(server)
    body = json.dumps(credit(line("AMOUNT"))).replace('"AMOUNT"', "12345678901234.57")
    assert session.post(f"{server.url}{RECORD}/creditMemo", data=body, timeout=10).status_code == 204
    assert total(server.service.books, "1") == Decimal("12345678901234.57")


def test_a_late_write_is_authorized_on_arrival(serve):
    late: list = []
    fault = Fault("drop", "later", after=1)
    server = serve(
        faults=lambda request: fault if request.is_write else None, later=lambda delay, act: late.append(act)
    )
    session = client(server)
    with pytest.raises(requests.ConnectionError):
        post(server, session, credit())
    server.service.gate.expire_all()
    late[0]()
    assert count(server) == 1
