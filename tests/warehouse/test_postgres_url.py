"""What WAREHOUSE_URL may say, and that no message holds its password."""

from __future__ import annotations

import pytest

from warehouse.postgres import PostgresUrl, WrongUrl


def test_a_url_becomes_the_variables_of_the_dbt_profile() -> None:
    url = PostgresUrl.parse("postgresql://loader:p%40ss@books.example:6543/ledger")
    assert url.for_dbt() == {
        "WAREHOUSE_ENGINE": "postgres",
        "WAREHOUSE_HOST": "books.example",
        "WAREHOUSE_PORT": "6543",
        "WAREHOUSE_USER": "loader",
        "WAREHOUSE_DATABASE": "ledger",
        "WAREHOUSE_SSLMODE": "verify-full",
        "WAREHOUSE_SSLROOTCERT": "",
        "DBT_ENV_SECRET_WAREHOUSE_PASSWORD": "p@ss",
        "PGOPTIONS": "-c work_mem=256MB -c jit=off -c enable_nestloop=off -c timezone=UTC",
    }
    assert url.for_psycopg()["password"] == "p@ss"
    assert "p@ss" not in repr(url)


@pytest.mark.parametrize(
    ("url", "host", "sslmode"),
    [
        ("postgresql://me@localhost/books", "localhost", "prefer"),
        ("postgresql://me@127.0.0.1/books", "127.0.0.1", "prefer"),
        ("postgres://me@[::1]:5433/books", "::1", "prefer"),
        ("postgresql://me@localhost/books?host=/run/postgresql", "/run/postgresql", "prefer"),
        ("postgresql://me:p%40ss@%2Frun%2FPostgresql/books", "/run/Postgresql", "prefer"),
        ("postgresql://me:p@ss@[fe80::1]/books", "fe80::1", "verify-full"),
        ("postgresql://me@db.example/books", "db.example", "verify-full"),
        ("postgresql://me@db.example/books?sslmode=require", "db.example", "require"),
    ],
)
def test_a_host_that_is_not_this_machine_shows_a_certificate(url: str, host: str, sslmode: str) -> None:
    parsed = PostgresUrl.parse(url)
    assert (parsed.host, parsed.sslmode) == (host, sslmode)


def test_a_url_may_name_who_vouches_for_the_server() -> None:
    url = PostgresUrl.parse("postgresql://me@db.example/books?sslrootcert=/etc/ssl/ca.pem")
    assert url.for_psycopg()["sslrootcert"] == url.for_dbt()["WAREHOUSE_SSLROOTCERT"] == "/etc/ssl/ca.pem"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://me:secret@host/books", "must begin with postgresql://"),
        ("postgresql://me:secret@host", "must name a user and a database"),
        ("postgresql://host/books", "must name a user and a database"),
        ("postgresql://me:secret@host:port/books", "cannot be read"),
        ("postgresql://me:secret@host/books?sslmode=secure", "sslmode of WAREHOUSE_URL must be one of disable"),
        ("postgresql://me:secret@host/books?password=secret", "may hold host, sslmode and sslrootcert after"),
        ("postgresql://me:se/cret@host/books", "in the password %2F for /"),
        ("postgresql://me:se#cret@host/books", "in the password %2F for /"),
        ("postgresql://me:[secret@host/books", "in the password %2F for /"),
        ("postgresql://me:secret@host:70000/books", "cannot be read"),
        ("postgresql://me:secret%00@host/books", "has a null character"),
        ("postgresql://me:secret@one,two/books", "must name one host"),
        ("postgresql:///books?host=/run&user=me", "must name a user and a database"),
        ("host=here user=me password=secret dbname=books", "must begin with postgresql://"),
        ("postgresql://me:secret@host/books?sslrootcert=ca.pem", "must be the whole path of a file, or system"),
        ("postgresql://me@host/books?sslmode=require&sslrootcert=system", "goes with sslmode=verify-full alone"),
    ],
)
def test_a_wrong_url_is_named_without_its_password(url: str, words: str) -> None:
    with pytest.raises(WrongUrl) as wrong:
        PostgresUrl.parse(url)
    assert words in str(wrong.value)
    assert "secret" not in str(wrong.value)
