"""Settings that are accepted or refused, as tables of cases."""

from __future__ import annotations

import json
import os
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from settings import ROOT, VARS, Settings, SettingsError, check_vars, load_settings

OAUTH2 = {
    "NETSUITE_CLIENT_ID": "client-1",
    "NETSUITE_CERTIFICATE_ID": "certificate-1",
}
TBA = {
    "NETSUITE_AUTH": "tba",
    "NETSUITE_CONSUMER_KEY": "consumer-1",
    "NETSUITE_CONSUMER_SECRET": "hush-consumer",
    "NETSUITE_TOKEN_ID": "token-1",
    "NETSUITE_TOKEN_SECRET": "hush-token",
}


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {name.upper() for name in Settings.model_fields}
    for name in list(os.environ):
        if name.upper() in known:
            monkeypatch.delenv(name)


@pytest.fixture
def key_file(tmp_path: Path) -> str:
    path = tmp_path / "key.pem"
    path.write_text("-----BEGIN PRIVATE KEY-----\nnot a real one\n-----END PRIVATE KEY-----\n")
    return str(path)


@pytest.fixture
def production(key_file: str) -> dict[str, str]:
    """A complete and consistent set of production variables."""
    return {
        "TARGET": "production",
        "STRIPE_API_KEY": "rk_live_hush",
        "NETSUITE_ACCOUNT_ID": "1234567",
        "NETSUITE_PRIVATE_KEY_FILE": key_file,
        **OAUTH2,
    }


def load(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str | None], **options: object) -> Settings:
    for name, value in variables.items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    return load_settings(env_file=None, **options)  # type: ignore[arg-type]


def problems_of(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str | None]) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(monkeypatch, variables)
    assert "hush" not in str(caught.value), "a secret stands in a message"
    return caught.value.problems


def test_defaults_are_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, {})
    assert settings.target == "sandbox"
    assert settings.warehouse_path == ROOT / "data" / "sandbox.duckdb"
    assert (settings.stripe_requests_per_second, settings.stripe_requests_per_second_total) == (20, 80)
    assert settings.netsuite_concurrency == 4
    assert settings.vars["tax_strategy"] == "tax_lines"
    assert set(settings.vars) == set(VARS)


@pytest.mark.parametrize(
    ("account", "url"),
    [
        ("1234567", "https://1234567.suitetalk.api.netsuite.com"),
        ("tstdrv42", "https://tstdrv42.suitetalk.api.netsuite.com"),
        ("123456_SB1", "https://123456-sb1.suitetalk.api.netsuite.com"),
        ("123456-sb1", "https://123456-sb1.suitetalk.api.netsuite.com"),
        ("123456_RP", "https://123456-rp.suitetalk.api.netsuite.com"),
    ],
)
def test_netsuite_host_follows_from_the_account(
    monkeypatch: pytest.MonkeyPatch, production: dict[str, str], account: str, url: str
) -> None:
    settings = load(monkeypatch, {**production, "NETSUITE_ACCOUNT_ID": account, "ALLOW_MIXED_MODES": "1"})
    assert settings.netsuite_base_url == url


def test_any_host_can_be_named(monkeypatch: pytest.MonkeyPatch, production: dict[str, str]) -> None:
    settings = load(
        monkeypatch,
        {
            **production,
            "STRIPE_API_KEY": "sk_test_hush",  # a stand-in behind another host may have any key
            "STRIPE_API_BASE": "http://127.0.0.1:4011/",
            "NETSUITE_BASE_URL": "http://localhost:4012",
        },
    )
    assert settings.stripe_api_base == "http://127.0.0.1:4011"
    assert settings.netsuite_base_url == "http://localhost:4012"


def test_token_based_authentication(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(
        monkeypatch,
        {
            "TARGET": "production",
            "STRIPE_API_KEY": "rk_live_hush",
            "NETSUITE_ACCOUNT_ID": "1",
            **TBA,
        },
    )
    assert settings.netsuite_auth == "tba"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"STRIPE_API_KEY": None}, ["STRIPE_API_KEY is missing"]),
        ({"STRIPE_API_KEY": "pk_live_hush"}, ["publishable"]),
        ({"STRIPE_API_BASE": "http://stripe.example.com"}, ["STRIPE_API_BASE: must start with https://"]),
        ({"STRIPE_API_BASE": "api.stripe.com"}, ["STRIPE_API_BASE: must be an address"]),
        ({"STRIPE_API_BASE": "https://user:hush@host"}, ["STRIPE_API_BASE: must be an address"]),
        ({"STRIPE_REQUESTS_PER_SECOND": "0"}, ["STRIPE_REQUESTS_PER_SECOND"]),
        ({"STRIPE_REQUESTS_PER_SECOND_TOTAL": "many"}, ["STRIPE_REQUESTS_PER_SECOND_TOTAL"]),
        ({"NETSUITE_CONCURRENCY": "-1"}, ["NETSUITE_CONCURRENCY"]),
        ({"NETSUITE_CONCURRENCY": "1.5"}, ["NETSUITE_CONCURRENCY"]),
        ({"NETSUITE_ACCOUNT_ID": None}, ["NETSUITE_ACCOUNT_ID is missing"]),
        ({"NETSUITE_ACCOUNT_ID": "acme corp"}, ["NETSUITE_ACCOUNT_ID: must be an account id"]),
        ({"NETSUITE_AUTH": "password"}, ["NETSUITE_AUTH"]),
        ({"NETSUITE_CLIENT_ID": None}, ["NETSUITE_CLIENT_ID is missing"]),
        ({"NETSUITE_CLIENT_ID": ""}, ["NETSUITE_CLIENT_ID is missing"]),
        ({"NETSUITE_PRIVATE_KEY_FILE": "nowhere.pem"}, ["which is not a file"]),
        ({"NETSUITE_PRIVATE_KEY_FILE": "pyproject.toml"}, ["cannot be read as a PEM private key"]),
        (
            {"NETSUITE_AUTH": "tba"},
            [f"NETSUITE_{name} is missing" for name in ("CONSUMER_KEY", "CONSUMER_SECRET", "TOKEN_ID", "TOKEN_SECRET")],
        ),
        ({"NETSUITE_CLIENT_ID": None, **TBA, "NETSUITE_AUTH": "oauth2"}, ["or set NETSUITE_AUTH=tba"]),
        ({"STRIPE_API_KEY": "sk_test_hush"}, ["test-mode key"]),
        ({"STRIPE_API_KEY": "rk_test_hush"}, ["test-mode key"]),
        ({"STRIPE_API_KEY": "sk_org_test_hush"}, ["test-mode key"]),
        ({"NETSUITE_ACCOUNT_ID": "1234567_SB1"}, ["live-mode key"]),
        ({"NETSUITE_ACCOUNT_ID": "1234567-sb2"}, ["live-mode key"]),
        ({"NETSUITE_ACCOUNT_ID": "TSTDRV123"}, ["live-mode key"]),
        # No account id can take the requests to a host that is not NetSuite's.
        ({"NETSUITE_ACCOUNT_ID": "1234567.example.com"}, ["NETSUITE_ACCOUNT_ID: must be an account id"]),
        ({"NETSUITE_ACCOUNT_ID": "example.com/"}, ["NETSUITE_ACCOUNT_ID: must be an account id"]),
        ({"NETSUITE_ACCOUNT_ID": "1234567@host"}, ["NETSUITE_ACCOUNT_ID: must be an account id"]),
        ({"NETSUITE_BASE_URL": "http://1234567.suitetalk.api.netsuite.com"}, ["must start with https://"]),
        (
            {"NETSUITE_BASE_URL": "https://7654321.suitetalk.api.netsuite.com"},
            ["NETSUITE_BASE_URL names account 7654321"],
        ),
        ({"TARGET": None}, ["TARGET is not set although STRIPE_API_KEY"]),
        ({"TARGET": "staging"}, ["TARGET: Input should be 'sandbox' or 'production'"]),
        (
            {"STRIPE_API_KEY": None, "NETSUITE_CONCURRENCY": "x", "PIPELINE_VARS": '{"period_end": 1}'},
            ["NETSUITE_CONCURRENCY", "period_end", "STRIPE_API_KEY is missing"],
        ),
    ],
)
def test_one_error_lists_all_problems(
    monkeypatch: pytest.MonkeyPatch,
    production: dict[str, str],
    changes: dict[str, str | None],
    expected: list[str],
) -> None:
    problems = problems_of(monkeypatch, {**production, **changes})
    assert len(problems) == len(expected), problems
    for problem, words in zip(problems, expected, strict=True):
        assert words in problem


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"STRIPE_API_KEY": "rk_test_hush"}, "test-mode key"),
        ({"NETSUITE_ACCOUNT_ID": "1234567_SB1"}, "live-mode key"),
        ({"NETSUITE_BASE_URL": "https://7654321.suitetalk.api.netsuite.com"}, "names account 7654321"),
    ],
)
def test_a_push_alone_refuses_mixed_modes_too(
    monkeypatch: pytest.MonkeyPatch, production: dict[str, str], changes: dict[str, str], words: str
) -> None:
    with pytest.raises(SettingsError, match=words):
        load(monkeypatch, {**production, **changes}, require=["netsuite"])
    load(monkeypatch, {**production, **changes, "TARGET": "sandbox"}, require=["netsuite"])


def test_mixed_modes_can_be_allowed(monkeypatch: pytest.MonkeyPatch, production: dict[str, str]) -> None:
    load(monkeypatch, {**production, "STRIPE_API_KEY": "rk_test_hush", "ALLOW_MIXED_MODES": "1"})


def test_a_stage_needs_only_its_own_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(monkeypatch, {"TARGET": "production"}, require=()).target == "production"


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ('{"go_live": "2026-01-01"}', "'go_live' is no setting; the settings are go_live_date"),
        ('{"go_live_date": "01.01.2026"}', "it must be a date"),
        ('{"go_live_date": "2026-02-30"}', "it must be a date"),
        ('{"go_live_date": "20260101"}', "it must be a date"),
        ('{"accounting_timezone": "Mars/Olympus"}', "IANA time zone"),
        ('{"accounting_timezone": "../etc/passwd"}', "IANA time zone"),
        ('{"accounting_timezone": null}', "IANA time zone"),
        ('{"require_charge_for_remainder": "false"}', "true or false"),
        ('{"require_charge_for_remainder": 1}', "true or false"),
        ('{"tax_strategy": "taxlines"}', '"tax_lines" or "suitetax_override" or "none"'),
        ('{"tax_strategy": null}', '"tax_lines"'),
        ('{"customer_id_field": "a; drop table"}', "script id"),
        ('{"connector_records": "adapt"}', '"guard" or "adopt" or "ignore"'),
        ('{"untaxed_tax_code": "Not Taxable"}', "internal id"),
        ("[1]", "must be a JSON object"),
        ("{go_live_date: 2026}", "is not JSON"),
    ],
)
def test_wrong_vars_name_the_right_ones(monkeypatch: pytest.MonkeyPatch, overrides: str, words: str) -> None:
    (problem,) = problems_of(monkeypatch, {"PIPELINE_VARS": overrides})
    assert problem.startswith("PIPELINE_VARS")
    assert words in problem


def test_right_vars(monkeypatch: pytest.MonkeyPatch) -> None:
    overrides = {
        "go_live_date": "2026-01-01",
        "accounting_timezone": "America/St_Johns",
        "untaxed_tax_code": -8,
        "require_charge_for_remainder": False,
        "out_of_band_field": "custbody_oob",
        "customer_id_field": "",
    }
    settings = load(monkeypatch, {"PIPELINE_VARS": json.dumps(overrides)})
    assert {name: settings.vars[name] for name in overrides} == {
        **overrides,
        "untaxed_tax_code": "-8",
        "customer_id_field": None,
    }


def test_a_wrong_default_names_its_file(tmp_path: Path) -> None:
    file = tmp_path / "dbt_project.yml"
    file.write_text(
        (ROOT / "dbt_project/dbt_project.yml").read_text().replace("missing_item: unallocated", "missing_item: guess")
    )
    _, problems = check_vars({}, file)
    assert problems == [
        'dbt_project/dbt_project.yml: missing_item is "guess"; it must be "unallocated" or "create" or "block"'
    ]


def test_env_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("TARGET=production\nSTRIPE_API_KEY=rk_live_hush\nOTHER=1\n")
    settings = load_settings(require=("stripe",), env_file=env_file)
    assert settings.stripe_api_key is not None
    assert settings.stripe_api_key.get_secret_value() == "rk_live_hush"
    assert "hush" not in repr(settings) + str(settings) + settings.model_dump_json()


def test_sandbox_uses_nothing_of_the_accounts_in_the_environment(
    monkeypatch: pytest.MonkeyPatch, production: dict[str, str]
) -> None:
    settings = load(monkeypatch, {**production, **TBA, "TARGET": "sandbox", "NETSUITE_CONCURRENCY": "2"})
    connected = settings.with_connection(
        {
            "STRIPE_API_BASE": "http://127.0.0.1:1",
            "STRIPE_API_KEY": "sk_test_stand_in",
            "NETSUITE_BASE_URL": "http://127.0.0.1:2",
            "NETSUITE_ACCOUNT_ID": "TSTDRV1",
        }
    )
    assert connected.stripe_api_base == "http://127.0.0.1:1"
    assert connected.netsuite_auth == "oauth2"
    assert connected.netsuite_consumer_key is None
    assert connected.netsuite_client_id is None
    assert connected.netsuite_concurrency == 2
    assert connected.warehouse_path == settings.warehouse_path


# ---------- whose books (rule I1), language (rule P8)


def test_production_never_starts_with_the_mapping_files_of_the_sandbox(
    monkeypatch: pytest.MonkeyPatch, production: dict[str, str]
) -> None:
    assert load(monkeypatch, {}).mappings_dir == ROOT / "dbt_project" / "seeds"
    assert load(monkeypatch, production).mappings_dir == ROOT / "mappings"
    assert load(monkeypatch, {"MAPPINGS_DIR": ""}).mappings_dir == ROOT / "mappings"
    assert load(monkeypatch, {"MAPPINGS_DIR": "own"}).mappings_dir == ROOT / "own"
    assert load(monkeypatch, {"MAPPINGS_DIR": "/own"}).with_connection({}).mappings_dir == Path("/own")


@pytest.mark.parametrize(
    ("account", "name"), [("1234567", "production-1234567"), ("1234567-sb1", "production-1234567_SB1")]
)
def test_the_default_warehouse_carries_the_account(
    monkeypatch: pytest.MonkeyPatch, production: dict[str, str], account: str, name: str
) -> None:
    changes: dict[str, str | None] = {**production, "NETSUITE_ACCOUNT_ID": account, "ALLOW_MIXED_MODES": "1"}
    assert load(monkeypatch, changes).warehouse_path == ROOT / "data" / f"{name}.duckdb"
    assert load(monkeypatch, {**changes, "WAREHOUSE_PATH": "w.duckdb"}).warehouse_path == ROOT / "w.duckdb"


@pytest.mark.parametrize(
    ("key", "is_live"),
    [("rk_live_x", True), ("sk_org_live_x", True), ("sk_test_x", False), ("opaque", None), (None, None)],
)
def test_the_mode_of_a_key(key: str | None, is_live: bool | None) -> None:
    assert Settings(_env_file=None, stripe_api_key=key).stripe_is_live is is_live


@pytest.mark.parametrize("month", ["2026-13", "2026-00", "2026-3", "March", "2026-03-01", "0026-03", "²026-03"])
def test_wrong_month_is_refused(monkeypatch: pytest.MonkeyPatch, month: str) -> None:
    with pytest.raises(SettingsError, match="MONTH: must be a month such as 2026-03"):
        load(monkeypatch, {"MONTH": month})


def test_report_goes_to_reports_of_the_repository_unless_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(monkeypatch, {"MONTH": "2026-03"}).report_dir == ROOT / "reports"
    assert load(monkeypatch, {"REPORT_DIR": "elsewhere"}).report_dir == ROOT / "elsewhere"


@pytest.mark.parametrize("language", ["en", "pt_BR", "en-US", "zh_Hans_CN"])
def test_a_language_tag(monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    assert load(monkeypatch, {"NETSUITE_LANGUAGE": language}).netsuite_language == language


@pytest.mark.parametrize("language", ["English", "e", "en US", "en\nX-Header: 1"])
def test_what_is_no_language_tag_is_refused(monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    assert problems_of(monkeypatch, {"NETSUITE_LANGUAGE": language}) == [
        "NETSUITE_LANGUAGE: must be a language tag such as en or pt_BR"
    ]


def test_without_a_language_none_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(monkeypatch, {}).netsuite_language is None


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("md:x", "'md:x' is no file for DuckDB"),
        (":memory:", "':memory:' is no file for DuckDB"),
        ("s3://bucket/w.duckdb", "is no file for DuckDB"),
        ("{folder}/marts.duckdb", "'marts.duckdb' has the name of a schema of the warehouse"),
        ("{folder}/.Raw_Stripe.v2.db", "has the name of a schema"),
        ("{folder}", "is a folder or no usual file"),
        ("{folder}/pipe", "is a folder or no usual file"),
        ("{folder}/it's.duckdb", '"\'" in it'),
        ('{folder}/"q".duckdb', "'\"' in it"),
        ("{folder}/100%/w.duckdb", "'%' in it"),
        ("{folder}/a?b#c.duckdb", "'#', '?' in it"),
        ("{folder}/a\x1bb.duckdb", r"'\x1b' in it"),
        ("{folder}/" + "x" * 300, "cannot be used (File name too long)"),
        ("~nobody-of-this-name/w.duckdb", "names the home folder of a user who is unknown here"),
    ],
)
def test_a_warehouse_path_that_is_no_usable_file_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, words: str
) -> None:
    os.mkfifo(tmp_path / "pipe")
    (problem,) = problems_of(monkeypatch, {"WAREHOUSE_PATH": name.replace("{folder}", str(tmp_path))})
    assert problem.startswith("WAREHOUSE_PATH: ") and words in problem


@pytest.mark.parametrize("name", ["a b.duckdb", "my.marts.duckdb", "main.duckdb", "{{ x }} $y ü.duckdb"])
def test_other_names_are_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    assert load(monkeypatch, {"WAREHOUSE_PATH": str(tmp_path / name)}).warehouse_path == tmp_path / name


@pytest.mark.parametrize(
    ("content", "words"),
    [("# caf\xe9".encode("latin-1"), "is not UTF-8"), ("TARGET=sandbox".encode("utf-16"), "is not UTF-8")],
)
def test_an_env_file_in_another_encoding_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / ".env").write_bytes(content)
    with pytest.raises(SettingsError, match=words):
        load_settings(env_file=tmp_path / ".env")


@pytest.mark.parametrize("zone", ["localtime", "right/UTC", "posix/Europe/Berlin", "Europe", "../etc/passwd", "+02:00"])
def test_a_time_zone_that_duckdb_does_not_know_is_refused(monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    (problem,) = problems_of(monkeypatch, {"PIPELINE_VARS": json.dumps({"accounting_timezone": zone})})
    assert "accounting_timezone" in problem and "an IANA time zone" in problem


@pytest.mark.parametrize("text", ["{", "[1]", "null", "[" * 100_000])
def test_vars_that_are_no_object_are_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    (problem,) = problems_of(monkeypatch, {"PIPELINE_VARS": text})
    assert problem.startswith("PIPELINE_VARS: ") and '{"go_live_date": "2026-01-01"}' in problem


def test_a_database_without_its_packages_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr("settings.distribution", missing)
    with pytest.raises(SettingsError, match=r"WAREHOUSE_URL needs psycopg and dbt-postgres: `make` installs them"):
        load(monkeypatch, {"WAREHOUSE_URL": "postgresql://me:hush@localhost/books"})


def test_a_wrong_url_of_a_database_is_a_sentence_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match="WAREHOUSE_URL: cannot be read: write postgresql://") as wrong:
        load(monkeypatch, {"WAREHOUSE_URL": "postgresql://me:hu/sh@localhost/books"})
    assert "hu/sh" not in str(wrong.value)
