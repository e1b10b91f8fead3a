"""Every setting of the pipeline, read from the environment and `.env`, checked once.

    settings = load_settings(require=("stripe", "netsuite"))
    settings.stripe_requests_per_second   # 20
    settings.vars["tax_strategy"]         # "tax_lines": dbt_project.yml overlaid by PIPELINE_VARS

There is one attribute per environment variable of the interfaces (section 2), in lower case. One `SettingsError` lists
every problem; each line names the variable and the fix. Secrets are `SecretStr` and appear in no message.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from warehouse.postgres import PostgresUrl, WrongUrl

ROOT = Path(__file__).resolve().parent
PositiveInteger = Annotated[int, Field(ge=1)]
Service = Literal["stripe", "netsuite"]

OAUTH2 = ("netsuite_client_id", "netsuite_certificate_id", "netsuite_private_key_file")
TBA = ("netsuite_consumer_key", "netsuite_consumer_secret", "netsuite_token_id", "netsuite_token_secret")
CREDENTIALS = ("stripe_api_key", *OAUTH2, *TBA)
CONNECTION = (*CREDENTIALS, "stripe_api_base", "netsuite_account_id", "netsuite_base_url", "netsuite_auth")


# The schemas of the warehouse. DuckDB names a database after its file: `marts.duckdb` would make `marts.x` ambiguous.
SCHEMAS = frozenset({
    "raw_stripe", "raw_netsuite", "mapping", "parsed", "reference", "scope", "build", "books", "outcomes", "marts",
    "checked", "test_failures", "load_netsuite", "history",
})  # fmt: skip


class SettingsError(Exception):
    """Settings are missing, wrong or contradictory.

    `problems`: one sentence each, with the fix · `known`: the settings, with defaults in place of wrong values; None
    where none could be read.
    """

    def __init__(self, problems: Iterable[str], known: Settings | None = None):
        self.problems, self.known = list(problems), known
        super().__init__("\n".join(["Settings to fix:", *(f"  - {problem}" for problem in self.problems)]))


def shown_path(path: Path) -> Path:
    """A path as messages show it: from the root of the repository where it lies in there."""
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


class Settings(BaseSettings):
    """The checked settings. Build them with `load_settings`, which also checks their combinations."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_ignore_empty=True, str_strip_whitespace=True, hide_input_in_errors=True
    )

    target: Literal["sandbox", "production"] = "sandbox"

    stripe_api_key: SecretStr | None = None
    stripe_api_base: str = "https://api.stripe.com"
    stripe_requests_per_second: PositiveInteger = 20
    stripe_requests_per_second_total: PositiveInteger = 80

    netsuite_account_id: str | None = None
    netsuite_base_url: str | None = None
    netsuite_auth: Literal["oauth2", "tba"] = "oauth2"
    netsuite_client_id: SecretStr | None = None
    netsuite_certificate_id: SecretStr | None = None
    netsuite_private_key_file: Path | None = None
    netsuite_consumer_key: SecretStr | None = None
    netsuite_consumer_secret: SecretStr | None = None
    netsuite_token_id: SecretStr | None = None
    netsuite_token_secret: SecretStr | None = None
    netsuite_concurrency: PositiveInteger = 4
    netsuite_language: str | None = None  # a language tag, sent with every request to NetSuite (rule P8)

    warehouse_path: Path = Path()  # `default_warehouse` unless set
    warehouse_url: Annotated[PostgresUrl | None, NoDecode] = None  # the warehouse is in Postgres; the file is landed in
    warehouse_wait: Annotated[int, Field(ge=0)] = 300  # seconds, for a program that has the warehouse open
    mappings_dir: Path = ROOT / "dbt_project" / "seeds"  # of the sandbox; `_default_mappings` fills in production's
    pipeline_vars: Annotated[dict[str, Any], NoDecode] = Field(default_factory=dict)

    allow_mixed_modes: bool = False  # a Stripe test key with a NetSuite production account, or vice versa
    full_ledger: bool = False  # read the balance ledger of every customer
    plan: Path | None = None  # the plan.json that a push keeps to
    report_dir: Path = ROOT / "reports"  # where a report puts its files
    month: str | None = None  # the month of a report, e.g. 2026-03; else the last whole one
    write: bool = False  # make mappings: append the rows that are complete
    apply: Path | None = None  # make mappings: take over the rows of this workbook

    log_format: Literal["text", "json"] = "text"  # of the log lines on stderr
    alert_urls: Annotated[tuple[SecretStr, ...], NoDecode] = ()  # told when a run or push needs a person
    alert_after_hours: PositiveInteger | None = None  # without a successful run, doctor fails

    @model_validator(mode="before")
    @classmethod
    def _default_mappings(cls, values: dict[str, Any]) -> dict[str, Any]:
        """The committed files hold the sandbox's ids, so production never starts with them."""
        is_production = str(values.get("target")).strip() == "production"
        return values if values.get("mappings_dir") or not is_production else {**values, "mappings_dir": "mappings"}

    @field_validator("pipeline_vars", mode="before")
    @classmethod
    def _parse_vars(cls, value: object) -> object:
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except (ValueError, RecursionError) as error:
                raise ValueError(
                    f'is not JSON ({error}); write an object such as {{"go_live_date": "2026-01-01"}}'
                ) from None
        if not isinstance(value, dict):
            raise ValueError('must be a JSON object such as {"go_live_date": "2026-01-01"}')
        return value

    @field_validator("stripe_api_base", "netsuite_base_url")
    @classmethod
    def _check_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            url = urlsplit(value)
            complete = url.scheme in ("http", "https") and url.hostname and (url.port is None or url.port)
        except ValueError:
            complete = False
        if not complete or url.username or url.query or url.fragment:
            raise ValueError("must be an address such as https://host or https://host:port, nothing else")
        if url.scheme == "http" and not is_loopback(url.hostname):
            raise ValueError("must start with https:// (plain http is for this machine's own addresses only)")
        return value.rstrip("/")

    @field_validator("alert_urls", mode="before")
    @classmethod
    def _parse_addresses(cls, value: object) -> object:
        """Addresses are secrets: a message names one by its place."""
        if not isinstance(value, str):
            return value
        addresses = [address.strip() for address in value.split(",") if address.strip()]
        for place, address in enumerate(addresses, start=1):
            try:
                url = urlsplit(address)
                is_right = url.hostname and (url.port is None or url.port) and address.isprintable()
            except ValueError:
                is_right = False
            if not is_right or not (url.scheme == "https" or (url.scheme == "http" and is_loopback(url.hostname))):
                raise ValueError(
                    f"address {place} of {len(addresses)} must start with https:// and name a host (plain http is for "
                    "this machine's own addresses only); separate addresses by commas, write a comma inside one as %2C"
                )
        return tuple(SecretStr(address) for address in addresses)

    @field_validator("netsuite_account_id")
    @classmethod
    def _check_account_id(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[A-Za-z0-9]+([_-][A-Za-z0-9]+)?", value):
            raise ValueError(
                "must be an account id such as 1234567 or 1234567_SB1 (NetSuite: Setup > Company > Company Information)"
            )
        return value.upper().replace("-", "_") if value else value

    @field_validator("netsuite_language")
    @classmethod
    def _check_language(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[A-Za-z]{2,3}([_-][A-Za-z0-9]{2,8})*", value):
            raise ValueError("must be a language tag such as en or pt_BR")
        return value

    @field_validator("month")
    @classmethod
    def _check_month(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"(?:19|20)[0-9]{2}-(?:0[1-9]|1[0-2])", value):
            raise ValueError("must be a month such as 2026-03")
        return value

    @field_validator("warehouse_path", "mappings_dir", "netsuite_private_key_file", "plan", "report_dir", "apply")
    @classmethod
    def _from_root(cls, value: Path | None) -> Path | None:
        """Relative paths count from the root of the repository, wherever a command was started."""
        try:
            return ROOT / value.expanduser() if value and value != Path() else value
        except RuntimeError:
            raise ValueError(f"names the home folder of a user who is unknown here ({value})") from None

    @field_validator("warehouse_url", mode="before")
    @classmethod
    def _parse_warehouse_url(cls, value: object) -> object:
        try:
            return PostgresUrl.parse(value) if isinstance(value, str) else value
        except WrongUrl as error:
            raise ValueError(str(error).removeprefix("WAREHOUSE_URL ")) from None

    @field_validator("warehouse_path")
    @classmethod
    def _check_warehouse(cls, path: Path) -> Path:
        """DuckDB reads some names as something else than a file, and the name of a schema as a database."""
        if path == Path():
            return path
        name = str(shown_path(path))
        if re.match(r":|[A-Za-z][A-Za-z0-9+]+:", name):
            raise ValueError(f"{name!r} is no file for DuckDB: set the path of a file, e.g. data/warehouse.duckdb")
        odd = sorted({letter for letter in str(path) if letter in "'\"%\\;#?" or not letter.isprintable()})
        if odd:
            raise ValueError(f"has {', '.join(map(repr, odd))} in it ({name}), which DuckDB, dlt or dbt cannot take")
        if path.name.lstrip(".").split(".")[0].lower() in SCHEMAS:
            raise ValueError(f"{path.name!r} has the name of a schema of the warehouse: give the file another name")
        try:
            if path.exists() and not path.is_file():
                raise ValueError(f"{path} is a folder or no usual file: set the path of a DuckDB file")
        except OSError as error:
            raise ValueError(f"{path} cannot be used ({error.strerror})") from None
        return path

    @property
    def vars(self) -> dict[str, Any]:
        """Effective dbt vars of the interfaces, section 3: the defaults overlaid by PIPELINE_VARS."""
        values, problems = check_vars(self.pipeline_vars)
        if problems:
            raise SettingsError(problems)
        return values

    @property
    def stripe_is_live(self) -> bool | None:
        """The mode of STRIPE_API_KEY; None if there is no key or its form does not tell."""
        mode = re.match(r"[a-z]+_(?:org_)?(test|live)_", _secret(self.stripe_api_key))
        return mode[1] == "live" if mode else None

    def with_connection(self, connection: Mapping[str, str]) -> Settings:
        """These settings with the addresses and credentials of a sandbox instead of their own.

        `connection` is keyed by environment variable, e.g. `{"STRIPE_API_BASE": "http://127.0.0.1:4011"}`.
        """
        kept = {name: getattr(self, name) for name in type(self).model_fields if name not in CONNECTION}
        blank = {name: type(self).model_fields[name].default for name in CONNECTION}
        given = {key.lower(): value for key, value in connection.items() if key.lower() in CONNECTION}
        return Settings(**{"_env_file": None, **kept, **blank, **given})


def load_settings(
    require: Iterable[Service] = ("stripe", "netsuite"), env_file: Path | None = ROOT / ".env"
) -> Settings:
    """Settings from the environment and `.env`. require: the services whose credentials the command needs when
    TARGET=production (a report needs none). Raises SettingsError with all problems at once."""
    settings, problems, wrong = _read(env_file)
    problems += check_vars(settings.pipeline_vars)[1]
    if settings.warehouse_url and (missing := _missing_for_postgres()):
        problems.append(
            f"WAREHOUSE_URL needs {' and '.join(missing)}: `make` installs them beside .venv when WAREHOUSE_URL is "
            "set; elsewhere, install requirements-postgres.lock, e.g. "
            "`pip install --no-deps --require-hashes -r requirements-postgres.lock`"
        )
    if "target" not in wrong:
        problems += _check_target(settings)
        if settings.target == "production":
            problems += _check_production(settings, set(require), wrong)
    if problems:
        raise SettingsError(problems, settings)
    filled: dict[str, Any] = {}
    if settings.warehouse_path == Path():
        filled["warehouse_path"] = default_warehouse(settings)
    if settings.target == "production" and settings.netsuite_account_id and not settings.netsuite_base_url:
        host = settings.netsuite_account_id.lower().replace("_", "-")
        filled["netsuite_base_url"] = f"https://{host}.suitetalk.api.netsuite.com"
    return settings.model_copy(update=filled)


def _missing_for_postgres() -> list[str]:
    """Packages of the extra `postgres` that are not installed."""
    missing = []
    for name in ("psycopg", "dbt-postgres"):
        try:
            distribution(name)
        except PackageNotFoundError:
            missing.append(name)
    return missing


def default_warehouse(settings: Settings) -> Path:
    """The warehouse file where WAREHOUSE_PATH is not set. In production each NetSuite account has its own (rule I1)."""
    account = settings.netsuite_account_id
    named_after = f"{settings.target}-{account}" if settings.target == "production" and account else settings.target
    return ROOT / "data" / f"{named_after}.duckdb"


def _read(env_file: Path | None) -> tuple[Settings, list[str], set[str]]:
    """The settings, the problems of single values, and the names of these values. Wrong values are replaced by their
    defaults, so that the checks of combinations still run and one error lists every problem."""
    values: dict[str, Any] = {"_env_file": env_file}
    try:
        return Settings(**values), [], set()
    except UnicodeDecodeError as error:
        raise SettingsError(
            [f"{env_file} is not UTF-8 ({error.reason} at byte {error.start}): save it as UTF-8"]
        ) from None
    except OSError as error:
        raise SettingsError([f"{error.filename or env_file} cannot be read ({error.strerror})"]) from None
    except ValidationError as error:
        messages: dict[str, str] = {}
        for detail in error.errors(include_input=False, include_url=False):
            messages.setdefault(str(detail["loc"][0]), detail["msg"].removeprefix("Value error, "))
    defaults = {name: Settings.model_fields[name].get_default(call_default_factory=True) for name in messages}
    problems = [f"{name.upper()}: {message}" for name, message in messages.items()]
    return Settings(**values, **defaults), problems, set(messages)


# ---------- combinations of settings


def _check_target(settings: Settings) -> list[str]:
    present = [name.upper() for name in CREDENTIALS if getattr(settings, name)]
    if "target" in settings.model_fields_set or not present:
        return []
    return [
        f"TARGET is not set although {', '.join(present)} {'is' if len(present) == 1 else 'are'}: "
        "say TARGET=production to work with those accounts or TARGET=sandbox for the stand-ins"
    ]


def _check_production(settings: Settings, require: set[str], wrong: set[str]) -> list[str]:
    problems: list[str] = []

    def need(*names: str, fix: str) -> None:
        missing = [name for name in names if not getattr(settings, name) and name not in wrong]
        problems.extend(f"{name.upper()} is missing: {fix}" for name in missing)

    if "stripe" in require:
        need("stripe_api_key", fix="set a restricted read key (Stripe: Developers > API keys)")
        if _secret(settings.stripe_api_key).startswith("pk_"):
            problems.append("STRIPE_API_KEY is a publishable key (pk_): set a restricted (rk_) or secret key")
    if "netsuite" in require:
        need("netsuite_account_id", fix="set it, e.g. 1234567 or 1234567_SB1")
        if settings.netsuite_auth == "oauth2":
            need(
                *OAUTH2,
                fix="NETSUITE_AUTH=oauth2 needs it (NetSuite: OAuth 2.0 Client Credentials Setup)"
                + (
                    "; or set NETSUITE_AUTH=tba for the token variables that are set"
                    if all(getattr(settings, name) for name in TBA)
                    else ""
                ),
            )
            problems += _check_key_file(settings.netsuite_private_key_file)
        else:
            need(*TBA, fix="NETSUITE_AUTH=tba needs it (NetSuite: Access Tokens)")
        # Also for a push, which asks Stripe nothing: its records were read with that key.
        problems += _check_modes(settings)
    return problems


def _check_key_file(path: Path | None) -> list[str]:
    if path is None:
        return []
    subject = f"NETSUITE_PRIVATE_KEY_FILE names {path}, which"
    if not path.is_file():
        return [f"{subject} is not a file: set the path of the PEM file whose certificate was uploaded to NetSuite"]
    try:
        is_key = "PRIVATE KEY-----" in path.read_text()
    except (OSError, UnicodeDecodeError):
        is_key = False
    return [] if is_key else [f"{subject} cannot be read as a PEM private key (-----BEGIN PRIVATE KEY-----)"]


def _check_modes(settings: Settings) -> list[str]:
    """Test money must not reach real books, nor live money a sandbox. Only NetSuite's own hosts are judged: the account
    id says nothing about the books behind another host."""
    account = settings.netsuite_account_id or ""
    host = urlsplit(settings.netsuite_base_url).hostname if settings.netsuite_base_url else "x.netsuite.com"
    if not account or not str(host).endswith(".netsuite.com"):
        return []
    problems: list[str] = []
    named = str(host).split(".")[0]
    if settings.netsuite_base_url and named != account.lower().replace("_", "-"):
        problems.append(
            f"NETSUITE_BASE_URL names account {named}, NETSUITE_ACCOUNT_ID says {account}: "
            "make them agree, or leave NETSUITE_BASE_URL out"
        )
    is_live_key = settings.stripe_is_live
    is_test_account = bool(re.search(r"_SB|_RP|^TSTDRV", account))
    if not settings.allow_mixed_modes and is_live_key is not None and is_live_key == is_test_account:
        problems.append(
            f"STRIPE_API_KEY is a {'live' if is_live_key else 'test'}-mode key, NETSUITE_ACCOUNT_ID "
            f"{account} a {'sandbox' if is_test_account else 'production'} account: use a pair of one kind, "
            "or set ALLOW_MIXED_MODES=1 if this is meant"
        )
    return problems


def secrets_of(settings: Settings) -> set[str]:
    """Every value of the settings that no log, error or alert may show, the lines of the private key included."""
    values = [getattr(settings, name) for name in type(settings).model_fields]
    flat = [part for value in values for part in (value if isinstance(value, tuple) else (value,))]
    secrets = {part.get_secret_value() for part in flat if isinstance(part, SecretStr)}
    secrets |= {part.password for part in flat if isinstance(part, PostgresUrl)}
    try:
        lines = (
            settings.netsuite_private_key_file.read_text().splitlines() if settings.netsuite_private_key_file else []
        )
    except (OSError, UnicodeDecodeError):
        lines = []
    return {secret for secret in (*secrets, *(line for line in lines if not line.startswith("-"))) if secret}


def _secret(value: SecretStr | None) -> str:
    return value.get_secret_value() if value else ""


def is_loopback(host: str | None) -> bool:
    """Whether a host is this machine, by its name or address."""
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False


# ---------- dbt vars (interfaces, section 3)

Check = Callable[[Any], bool]


def _one_of(*values: object) -> tuple[str, Check]:
    description = " or ".join(json.dumps(value) for value in values)
    return description, lambda value: any(type(value) is type(each) and value == each for each in values)


def _is_date(value: object) -> bool:
    try:
        return bool(isinstance(value, str) and len(value) == 10 and date.fromisoformat(value))
    except ValueError:
        return False


def _is_time_zone(value: object) -> bool:
    """Whether Python and DuckDB both know it: `localtime` and `right/UTC` are of Python's files only."""
    if value == "UTC":
        return True
    try:
        is_known = bool(isinstance(value, str) and value and ZoneInfo(value))
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        return False
    if not is_known:
        return False
    import duckdb  # only a run in another zone pays for it here

    with duckdb.connect() as connection:
        return bool(connection.execute("select 1 from pg_timezone_names() where name = ?", [value]).fetchall())


def _or_none(check: tuple[str, Check]) -> tuple[str, Check]:
    return f"{check[0]}, or null", lambda value: value is None or check[1](value)


FIELD: tuple[str, Check] = (
    'the script id of a NetSuite field, e.g. "custbody_stripe_id"',
    lambda value: isinstance(value, str) and re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", value) is not None,
)
INTERNAL_ID: tuple[str, Check] = (
    'a NetSuite internal id, e.g. "-8"',
    lambda value: isinstance(value, str) and re.fullmatch(r"-?[0-9]+", value) is not None,
)

# var → (description of its right values, check)
VARS: dict[str, tuple[str, Check]] = {
    "go_live_date": _or_none(('a date such as "2026-01-31"', _is_date)),
    "accounting_timezone": ('an IANA time zone, e.g. "UTC" or "Europe/London"', _is_time_zone),
    "credit_note_date": _one_of("created", "effective_at"),
    "customer_balance_date": _one_of("paid_at", "applied_at"),
    "customer_balance_lines": _one_of("auto", "balance_item", "invoice_lines"),
    "require_charge_for_remainder": _one_of(True, False),
    "missing_item": _one_of("unallocated", "create", "block"),
    "discount_posting": _one_of("posting", "non_posting"),
    "tax_strategy": _one_of("tax_lines", "suitetax_override", "none"),
    "line_amount_basis": _one_of("amount", "gross"),
    "period_end": _one_of("inclusive", "as_is"),
    "pre_go_live_credit_notes": _one_of("manual", "income_account"),
    "closed_period": _one_of("first_open_day", "block"),
    "revenue_start_field": _or_none(FIELD),
    "revenue_end_field": _or_none(FIELD),
    "out_of_band_field": _or_none(FIELD),
    "uncollectible_invoices": _one_of("wait", "as_paid"),
    "untaxed_tax_code": _or_none(INTERNAL_ID),
    "customer_id_field": _or_none(FIELD),
    "invoice_id_field": _or_none(FIELD),
    "connector_records": _one_of("guard", "adopt", "ignore"),
}


def check_vars(
    overrides: Mapping[str, Any], project_file: Path = ROOT / "dbt_project" / "dbt_project.yml"
) -> tuple[dict[str, Any], list[str]]:
    """The effective vars, and their problems. Each problem names the place of the value."""
    problems = [
        f"PIPELINE_VARS: {name!r} is no setting; the settings are {', '.join(VARS)}"
        for name in overrides
        if name not in VARS
    ]
    values: dict[str, Any] = {}
    defaults = _project_vars(project_file)
    for name, (right, is_right) in VARS.items():
        place = "PIPELINE_VARS" if name in overrides else f"dbt_project/{project_file.name}"
        value = _plain(overrides[name] if name in overrides else defaults.get(name))
        values[name] = value
        if not is_right(value):
            problems.append(f"{place}: {name} is {json.dumps(value)}; it must be {right}")
    return values, problems


@cache
def _project_vars(project_file: Path) -> dict[str, Any]:
    """The defaults in dbt_project.yml, where vars are at the top or under the project's name."""
    import yaml

    project = yaml.safe_load(project_file.read_text(encoding="utf-8"))
    declared = project.get("vars") or {}
    return {**declared, **(declared.get(project.get("name")) or {})}


def _plain(value: object) -> object:
    """YAML's dates and integers as text, as in JSON; an empty text as None."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None if value == "" else value
