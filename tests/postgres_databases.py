"""Empty stores on the PostgreSQL of the tests, made once and emptied from test to test."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import postgres_server
import psycopg
from psycopg import sql
from sqlalchemy import make_url

from publisher.store import open_store
from publisher.store.migrating import HEAD, OLDEST, migrate

_ENDING = """SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()"""
_TABLES = """SELECT relname FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'"""
_LAST = """SELECT sequencename, coalesce(last_value, 1), last_value IS NOT NULL FROM pg_sequences"""
_EMPTYING = """DO $$ DECLARE each regclass; BEGIN
    SET session_replication_role = replica;
    FOR each IN SELECT oid::regclass FROM pg_class
        WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'
    LOOP EXECUTE format('DELETE FROM %s', each); END LOOP;
    PERFORM setval(oid::regclass, 1, false) FROM pg_class
        WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace;
END $$"""


class Databases:
    """Databases with all tables and nothing in them, on the server of the tests."""

    def __init__(self, folder: Path) -> None:
        self._server, self._run = postgres_server.address(), f"test_{uuid.uuid4().hex[:12]}"
        self._free: list[str] = []
        self._made: list[str] = []
        self._connection = psycopg.connect(self._server, autocommit=True)
        empty = self.create()
        migrated = open_store(empty, folder)
        migrate(migrated)
        migrated.close()
        self._template = sql.Identifier(self._made[0])

    def create(self, template: sql.Composable = sql.Identifier("template0")) -> str:
        """The address of a new database."""
        name = f"{self._run}_{len(self._made)}"
        faster = "STRATEGY FILE_COPY" if self._connection.info.server_version >= 150000 else ""
        query = sql.SQL(f"CREATE DATABASE {{}} TEMPLATE {{}} {faster}")
        self._connection.execute(query.format(sql.Identifier(name), template))
        self._made.append(name)
        return self.named(name)

    def named(self, name: str) -> str:
        """The address of a database."""
        url = make_url(self._server).set(drivername="postgresql", database=name)
        return url.render_as_string(hide_password=False)

    def take(self) -> str:
        """The address of an empty store that nobody else has."""
        return self._free.pop() if self._free else self.create(self._template)

    def copy(self, url: str) -> str:
        """The address of a database that holds the same."""
        twin = self.take()
        with psycopg.connect(url) as there, psycopg.connect(twin) as here:
            here.execute("SET session_replication_role = replica")
            for (table,) in there.execute(_TABLES).fetchall():
                name = sql.Identifier(table)
                give, get = (sql.SQL(f"COPY {{}} {way}").format(name) for way in ("TO STDOUT", "FROM STDIN"))
                with there.cursor().copy(give) as out, here.cursor().copy(get) as into:
                    for data in out:
                        into.write(data)
            for key in there.execute(_LAST).fetchall():
                here.execute("SELECT setval(%s::regclass, %s, %s)", key)
        return twin

    def give_back(self, url: str) -> None:
        """Empty it for the next test: ten times as fast as a new one."""
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(_ENDING)
            connection.execute(_EMPTYING)
            connection.execute("UPDATE alembic_version SET version_num = %s, oldest = %s", (HEAD, OLDEST))
        self._free.append(url)

    def close(self) -> None:
        """Drop all of them; a server of our own is thrown away with them."""
        for name in self._made if "TEST_POSTGRES_URL" in os.environ else ():
            self._connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )
        self._connection.close()
