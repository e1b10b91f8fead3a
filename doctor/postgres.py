"""Checks the database of WAREHOUSE_URL: what the models and the journal rest on there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from doctor.finding import Finding
from settings import SCHEMAS, Settings
from warehouse.connection import WarehouseError

if TYPE_CHECKING:
    from warehouse.query import Cursor

OLDEST = 15
SUBJECT = "Postgres"

FACTS = """
select
    current_setting('server_version_num')::int / 10000, datcollate, datctype, pg_encoding_to_char(encoding),
    current_setting('fsync'), current_setting('synchronous_commit'),
    has_database_privilege(current_database(), 'CREATE'), has_database_privilege(current_database(), 'TEMPORARY'),
    coalesce((select ssl from pg_stat_ssl where pid = pg_backend_pid()), false)
from pg_database
where datname = current_database()
"""

OF_OTHERS = """
select schemas.nspname, pg_get_userbyid(schemas.nspowner)
from pg_namespace as schemas
where schemas.nspname = any(?) and not pg_has_role(schemas.nspowner, 'USAGE')
union
select schemas.nspname || '.' || relations.relname, pg_get_userbyid(relations.relowner)
from pg_class as relations
inner join pg_namespace as schemas on relations.relnamespace = schemas.oid
where schemas.nspname = any(?) and relations.relkind in ('r', 'v') and not pg_has_role(relations.relowner, 'USAGE')
order by 1
"""


def check(settings: Settings) -> Iterator[Finding]:
    """Nothing without WAREHOUSE_URL."""
    if settings.warehouse_url is None:
        return
    from warehouse.postgres_connection import POOLER, PostgresWarehouse

    try:
        with PostgresWarehouse(settings.warehouse_url, "doctor") as warehouse:
            yield _finding(not warehouse.is_pooled(), "sessions", "no pooler in between", POOLER)
            yield from _check(warehouse, settings.warehouse_url.is_local)
    except WarehouseError as error:
        yield Finding("error", SUBJECT, str(error))


def _check(warehouse: Cursor, is_local: bool) -> Iterator[Finding]:
    ((version, collation, ctype, encoding, fsync, commit, may_create, may_use_temporary, is_encrypted),) = (
        warehouse.execute(FACTS).fetchall()
    )
    yield _finding(version >= OLDEST, "version", f"{version}", f"version {version}: {OLDEST} or newer is needed")
    yield _finding(
        collation in ("C", "POSIX") and encoding == "UTF8" and ctype not in ("C", "POSIX"),
        "collation",
        f"{collation}, {ctype}, {encoding}",
        f"LC_COLLATE {collation}, LC_CTYPE {ctype}, encoding {encoding}: create the database with "
        "template template0 encoding UTF8 lc_collate 'C' lc_ctype 'C.UTF-8'; ties are broken by ids, whose order it is",
    )
    yield _finding(
        fsync == "on" and commit != "off",
        "durable commits",
        "fsync and synchronous_commit are on",
        f"fsync is {fsync}, synchronous_commit is {commit}: switch both on in the server; a row of the journal has to "
        "survive a crash before its request leaves",
    )
    yield _finding(
        may_create and may_use_temporary,
        "rights",
        "the role may create schemas and temporary tables",
        "the role may not create schemas or temporary tables: grant create, temporary on database ... to it",
    )
    of_others = warehouse.execute(OF_OTHERS, [list(SCHEMAS), list(SCHEMAS)]).fetchall()
    yield _finding(
        not of_others,
        "owner",
        "the role owns what is there",
        ", ".join(f"{name} belongs to {owner}" for name, owner in of_others[:3])
        + (f", and {len(of_others) - 3} more" if len(of_others) > 3 else "")
        + ": dbt replaces tables and views, which their owner alone may; alter ... owner to this role",
    )
    yield _finding(
        is_encrypted or is_local,
        "encryption",
        "on" if is_encrypted else "not needed: the server is on this machine",
        "off, though the server is another machine: take sslmode=disable, allow or prefer out of WAREHOUSE_URL",
    )


def _finding(is_well: bool, subject: str, well: str, advice: str) -> Finding:
    return (
        Finding("ok", f"{SUBJECT}, {subject}", well) if is_well else Finding("error", f"{SUBJECT}, {subject}", advice)
    )
