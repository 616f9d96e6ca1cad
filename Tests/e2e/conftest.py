"""Fixtures that run the real server as its users meet it: a process with a port, a PostgreSQL, files on disk.

PARLEY_BIN_DIR says where the built programs are (default: .build/debug).
"""

import time
import uuid

import psycopg
import pytest

from parley import Postgres, Server


@pytest.fixture(scope="session")
def postgres(tmp_path_factory):
    """A throwaway PostgreSQL with one migrated template database. Each server gets a clone of it."""
    with Postgres() as postgres:
        yield postgres


@pytest.fixture(scope="module")
def server(postgres, tmp_path_factory):
    """A server with an empty database and storage, shared by the tests of one file."""
    database = postgres.clone()
    with Server(database=database, storage=tmp_path_factory.mktemp("storage")) as server:
        yield server
        assert server.is_running, "the server died during the tests: " + server.log
    postgres.drop(database)


@pytest.fixture
def start_server(postgres, tmp_path):
    """Starts servers for one test: `start_server(MAX_UPLOAD_BYTES="1000")`. They stop after the test."""
    servers, databases = [], []

    def start(**settings):
        database = settings.pop("database", None)
        if not database:
            database = postgres.clone()
            databases.append(database)
        storage = settings.pop("storage", None) or tmp_path / f"storage{len(servers)}"
        prefix = settings.pop("prefix", ())
        server = Server(database=database, storage=storage, settings=settings, prefix=prefix).start()
        servers.append(server)
        return server

    start.servers = servers
    yield start
    for server in servers:
        server.stop()
    for database in databases:
        postgres.drop(database)


@pytest.fixture
def people(server):
    """Makes signed-up people with names of their own: `alice, bob = people("alice", "bob")`."""
    return server.people


@pytest.fixture(scope="module")
def moderator(server):
    """A connection of a role that was granted `parley_moderator` and nothing else."""
    role = f"mia_{uuid.uuid4().hex[:8]}"
    server.sql(f"CREATE ROLE {role} LOGIN IN ROLE parley_moderator")
    with psycopg.connect(server.database, user=role, autocommit=True) as connection:
        connection.role = role
        yield connection
    server.sql(f"DROP ROLE {role}")


def pytest_runtest_setup():
    """The URL of a file is another one after each six hours (`UploadLinks`). No test that compares two begins shortly before."""
    left = -(time.time() + 3600) % (6 * 3600)
    if left < 60:
        time.sleep(left + 1)


def pytest_collection_modifyitems(items):
    """Spreads the files of browser tests over the run. Three browsers at once would keep both processors busy."""
    files = list(dict.fromkeys(item.path for item in items))
    places = {}
    for with_browser in (True, False):
        group = [file for file in files if (file.parent.name == "web") == with_browser]
        group.sort(key=lambda file: -sum(item.path == file for item in items))
        places.update((file, (place + 0.5) / len(group)) for place, file in enumerate(group))
    items.sort(key=lambda item: places[item.path])


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """Shows the log of its servers with a test that failed."""
    outcome = yield
    report = outcome.get_result()
    if not report.failed:
        return
    fixtures = getattr(item, "funcargs", {})
    servers = [fixtures["server"]] if isinstance(fixtures.get("server"), Server) else []
    servers += getattr(fixtures.get("start_server"), "servers", [])
    for server in servers:
        report.sections.append((f"log of {server.storage}", server.log))
