"""A warehouse in Postgres: what WAREHOUSE_URL names, for dbt and for connections of our own (docs/engines.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
#: Of every session of dbt. Postgres keeps the names of the customers in scope in a hash only if they fit work_mem, and
#: goes through them once a row if not. It takes the rows of a subquery for one, and would go through the other side of
#: a join once for each of thousands; no table of the models has an index that makes up for it. jit compiles each of
#: many short queries.
SESSION = "-c work_mem=256MB -c jit=off -c enable_nestloop=off -c timezone=UTC"
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")


class WrongUrl(ValueError):
    """WAREHOUSE_URL names no Postgres database. The words hold no password."""


@dataclass(frozen=True)
class PostgresUrl:
    """postgresql://user:password@host:port/database?sslmode=…&sslrootcert=…; host may be the folder of a socket
    (?host=/folder)."""

    host: str
    port: int
    user: str
    database: str
    sslmode: str
    password: str = field(repr=False)
    sslrootcert: str = ""
    """File with the certificate of who vouches for the server, or `system`; empty: where libpq looks by itself."""

    @classmethod
    def parse(cls, url: str) -> PostgresUrl:
        """Raises WrongUrl. A host that is not this machine must show a certificate, unless sslmode says otherwise."""
        try:
            parts = urlsplit(url)
            port = parts.port
            options = parse_qs(parts.query, strict_parsing=bool(parts.query))
        except ValueError:
            raise WrongUrl(
                "WAREHOUSE_URL cannot be read: write postgresql://user:password@host:5432/database, in the password "
                "%2F for /, %23 for #, %3F for ?, %40 for @, %25 for %"
            ) from None
        if parts.scheme not in ("postgresql", "postgres"):
            raise WrongUrl("WAREHOUSE_URL must begin with postgresql://")
        database = unquote(parts.path.lstrip("/"))
        if not database or not parts.username:
            raise WrongUrl("WAREHOUSE_URL must name a user and a database: postgresql://user@host:5432/database")
        if unknown := sorted(options.keys() - {"host", "sslmode", "sslrootcert"}):
            raise WrongUrl(
                f"WAREHOUSE_URL may hold host, sslmode and sslrootcert after the ?, not {', '.join(unknown)}"
            )
        host = options.get("host", [_host_of(parts.netloc) or "localhost"])[-1]
        if "," in host:
            raise WrongUrl("WAREHOUSE_URL must name one host: the lock of a push is on one server")
        sslmode = options.get("sslmode", ["prefer" if _is_local(host) else "verify-full"])[-1]
        if sslmode not in SSL_MODES:
            raise WrongUrl(f"sslmode of WAREHOUSE_URL must be one of {', '.join(SSL_MODES)}")
        sslrootcert = options.get("sslrootcert", [""])[-1]
        if sslrootcert not in ("", "system") and not sslrootcert.startswith("/"):
            raise WrongUrl("sslrootcert of WAREHOUSE_URL must be the whole path of a file, or system")
        if sslrootcert == "system" and sslmode != "verify-full":
            raise WrongUrl("sslrootcert=system in WAREHOUSE_URL goes with sslmode=verify-full alone")
        password = unquote(parts.password or "")
        words = (host, unquote(parts.username), database, password, sslrootcert)
        if any("\0" in word for word in words):
            raise WrongUrl("WAREHOUSE_URL has a null character in it")
        return cls(host, port or 5432, unquote(parts.username), database, sslmode, password, sslrootcert)

    @property
    def is_local(self) -> bool:
        """The server is on this machine."""
        return _is_local(self.host)

    def for_dbt(self) -> Mapping[str, str]:
        """The environment variables of dbt_project/profiles.yml. The password is in no argument and no file."""
        return {
            "WAREHOUSE_ENGINE": "postgres",
            "WAREHOUSE_HOST": self.host,
            "WAREHOUSE_PORT": str(self.port),
            "WAREHOUSE_USER": self.user,
            "WAREHOUSE_DATABASE": self.database,
            "WAREHOUSE_SSLMODE": self.sslmode,
            "WAREHOUSE_SSLROOTCERT": self.sslrootcert,
            "DBT_ENV_SECRET_WAREHOUSE_PASSWORD": self.password,
            "PGOPTIONS": SESSION,
        }

    def for_psycopg(self) -> Mapping[str, str | int]:
        """Keyword arguments of psycopg.connect."""
        return {
            "host": self.host,
            "port": self.port,
            "user": self.user,
            "dbname": self.database,
            "sslmode": self.sslmode,
            "sslrootcert": self.sslrootcert,
            "password": self.password,
        }


def _host_of(place: str) -> str:
    """The host of `user:password@host:port`, also of `[::1]:port`, and of `%2Ffolder` as libpq writes a socket."""
    host = place.rpartition("@")[2]
    return unquote(host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0])


def _is_local(host: str) -> bool:
    return host in LOCAL_HOSTS or host.startswith("/")
