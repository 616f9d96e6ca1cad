"""People write through three servers while servers, the bus and the database fail: nothing is lost, doubled, out of order, or
told to somebody who was removed before it was stored.

Each fault is tried once over the bus that it concerns. PARLEY_FAULTS=all tries it over every bus, and PARLEY_FAULT_ROUNDS=5
repeats each.
"""

import contextlib
import itertools
import os
import random
import shutil
import signal
import subprocess

import psycopg
import pytest

from cluster import Cluster, HAProxy
from load import Load
from parley import PARLEY, PATIENCE, ROOT, Postgres, until
from redis_server import REDIS, Redis
from tcp_proxy import TCPProxy
from watching import Watcher, settled, wait

pytestmark = pytest.mark.skipif(shutil.which("haproxy") is None, reason="HAProxy is not installed")
PEOPLE, GROUPS, ROUNDS = 8, 6, int(os.environ.get("PARLEY_FAULT_ROUNDS", "1"))
BUSES = ("postgres", "redis")


def settle(condition, what, **options):
    """Servers begin anew after 20 seconds, clients come back after 45, and the machine may be busy with other things."""
    return until(condition, what, timeout=2 * PATIENCE, **options)


class World:
    """Three servers with their bus behind HAProxy, people on two devices each, and what they do."""

    def __init__(self, postgres, bus, directory):
        self.postgres, self.redis = postgres, bus
        self.directory = directory
        self.proxies = {}
        self.is_whole = True
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self._enter(stack)
            self.stack = stack.pop_all()
        return self

    def _enter(self, stack):
        self.cluster = Cluster(
            self.postgres.clone(), self.directory, DRAIN_SECONDS="2", MESSAGE_LANES="2", MARK_LANES="1")
        if self.redis:
            for number in self.cluster.servers:
                # Each has a proxy of its own, so that it can be cut from the bus alone.
                self.proxies[number] = stack.enter_context(TCPProxy(self.redis.port))
                url = f"redis://127.0.0.1:{self.proxies[number].port}/0"
                self.cluster.servers[number] = self.cluster.server(number, BUS_URL=url)
        stack.enter_context(self.cluster)
        self.balancer = stack.enter_context(HAProxy(self.cluster, self.directory))
        settle(lambda: self.cluster.rows() == [1, 2, 3], "all servers to be there")
        # Not through the balancer, which refuses while the machine is so busy that it takes servers for frozen.
        self.people = [self.cluster.servers[1].person(f"person{number}") for number in range(PEOPLE)]
        owners = itertools.cycle(self.people[-3:])
        self.groups = [
            (owner, owner.group(*[other for other in self.people if other is not owner]))
            for owner in itertools.islice(owners, GROUPS)]
        self.watchers = [Watcher(person, self.balancer.url) for person in self.people for _ in range(2)]
        for watcher in self.watchers:
            stack.callback(watcher.stop)
        settle(lambda: settled(self.watchers), "everybody to be there")
        self.load = Load(self.people, self.groups, self.balancer.url)
        stack.callback(self.load.stop)

    def __exit__(self, *_):
        self.stack.close()

    @property
    def servers(self):
        return self.cluster.servers

    def sql(self, query):
        with psycopg.connect(self.cluster.database, autocommit=True) as connection:
            return connection.execute(query).fetchall()

    def check(self):
        """Everybody rests, and knows what is in the database."""
        self.load.rest()
        settle(lambda: self.cluster.rows() == [1, 2, 3], "all servers to be there")
        stored = {str(id) for id, in self.sql("SELECT id FROM messages")}
        assert self.load.stored <= stored, "a confirmed message was lost"

        def differences():
            # Read anew: what a writer gave up waiting for may have been done since.
            messages = {}
            for row in self.sql("SELECT id, conversation_id, revision, text, deleted_at IS NOT NULL FROM messages"):
                messages.setdefault(str(row[1]), []).append((str(row[0]), *row[2:]))
            shown = {}
            for person in self.people:
                answer = person.get("/conversations?limit=100")
                if answer.status_code == 503:
                    return [answer.text]
                assert answer.status_code == 200, answer.text
                shown[person.id] = {view["id"] for view in answer.json()["conversations"]}
            return [
                f"{watcher.person.username}: {line}" for watcher in self.watchers
                for line in watcher.differences(shown[watcher.person.id], messages)]

        try:
            settle(lambda: settled(self.watchers), "everybody to be there")
        except AssertionError as error:
            states = [watcher.state for watcher in self.watchers if not watcher.is_settled]
            raise AssertionError(f"{states}\n{self.cluster.log}") from error
        try:
            settle(lambda: not differences(), "everybody to know everything", interval=0.3)
        except AssertionError as error:
            problems = [problem for watcher in self.watchers for problem in watcher.problems]
            states = [watcher.state for watcher in self.watchers]
            raise AssertionError(f"{differences()[:6]}\n{problems[:6]}\n{states}\n{self.cluster.log}") from error
        for watcher in self.watchers:
            watcher.check()
        self.load.go_on()


@pytest.fixture(scope="module")
def world(request, tmp_path_factory):
    # A PostgreSQL of its own: some tests restart it.
    with Postgres() as postgres:
        directory = tmp_path_factory.mktemp("faults")
        if request.param == "postgres":
            with World(postgres, None, directory) as world:
                yield world
            return
        if not REDIS:
            pytest.skip("Redis is not installed")
        with Redis() as redis, World(postgres, redis, directory) as world:
            settle(lambda: redis.subscribers == 3, "every server to subscribe")
            yield world


@pytest.fixture(autouse=True)
def checked(world):
    """The world is whole before each test, and everybody knows everything after it."""
    assert world.is_whole, "what an earlier test found is still wrong"
    yield
    world.is_whole = False
    for server in world.servers.values():
        if not server.is_running:
            server.restart()
    world.check()
    world.is_whole = True


def over(*buses):
    """The fault is tried over these buses. PARLEY_FAULTS=all tries over both what does not need Redis."""
    if os.environ.get("PARLEY_FAULTS") == "all" and "postgres" in buses:
        buses = BUSES
    worlds = pytest.mark.parametrize("world", buses, indirect=True, scope="module")
    rounds = pytest.mark.parametrize("round", range(ROUNDS))
    return lambda test: worlds(rounds(test))


def any_server(world):
    return world.servers[random.choice([1, 2, 3])]


@over("postgres", "redis")
def test_nothing_fails(world, round):
    before = len(world.load.stored)
    settle(lambda: len(world.load.stored) > before + 50, "people to write")


@over("postgres", "redis")
def test_a_server_is_killed(world, round):
    wait(1)
    server = any_server(world)
    server.kill()
    wait(2)
    server.restart()
    wait(1)


@over("postgres")
def test_a_server_is_frozen_for_a_while(world, round):
    server = any_server(world)
    server.process.send_signal(signal.SIGSTOP)
    wait(3)
    server.process.send_signal(signal.SIGCONT)
    wait(1)


@over("postgres")
def test_a_server_is_frozen_until_it_is_taken_for_dead(world, round):
    server = any_server(world)
    server.process.send_signal(signal.SIGSTOP)
    settle(lambda: len(world.cluster.rows()) <= 2, "the others to take it for dead")
    server.process.send_signal(signal.SIGCONT)
    settle(lambda: world.cluster.rows() == [1, 2, 3], "the server to begin anew")
    wait(1)


@over("postgres")
def test_servers_are_restarted_one_after_another(world, round):
    for server in world.servers.values():
        server.stop()
        server.restart()
        settle(lambda: world.cluster.rows() == [1, 2, 3], "all servers to be there")


@over("postgres")
def test_the_listeners_are_ended(world, round):
    for _ in range(3):
        world.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'")
        wait(0.7)


@over("postgres")
def test_postgresql_dies_and_comes_back(world, round):
    world.postgres.kill()
    world.postgres.start()
    wait(2)


@over("redis")
def test_redis_is_killed(world, round):
    world.redis.kill()
    wait(2)
    world.redis.start()
    wait(1)


@over("redis")
def test_redis_is_frozen(world, round):
    world.redis.freeze()
    wait(4)
    world.redis.thaw()
    wait(1)


@over("redis")
def test_redis_is_emptied_and_restarted(world, round):
    world.redis.call("FLUSHALL")
    world.redis.kill()
    world.redis.start()
    wait(1)


@over("redis")
def test_redis_ends_its_subscribers(world, round):
    for _ in range(4):
        world.redis.call("CLIENT KILL TYPE pubsub")
        wait(0.4)


@over("redis")
def test_one_server_is_cut_from_the_bus(world, round):
    proxy = world.proxies[random.choice([1, 2, 3])]
    proxy.refuse()
    wait(2)
    proxy.accept()
    wait(0.5)
    proxy.freeze()
    wait(3)
    proxy.thaw()


@over("redis")
def test_the_bus_is_late(world, round):
    for proxy in world.proxies.values():
        proxy.delay = random.uniform(0, 0.2)
    wait(2)
    for proxy in world.proxies.values():
        proxy.delay = 0


@pytest.mark.parametrize("world", BUSES, indirect=True, scope="module")
def test_the_database_holds_together(world):
    world.load.rest()
    told = subprocess.run(
        [PARLEY, "verify"], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE,
        env={**os.environ, "DATABASE_URL": world.cluster.database, "STORAGE_DIR": str(world.servers[1].storage)})
    assert told.returncode == 0, told.stdout + told.stderr
    world.load.go_on()
