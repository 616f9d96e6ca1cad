"""Signing up, signing in, and staying signed in. A password is costly by design (scrypt): the figure says how many people
a core can sign in. Refreshing should be cheap, because every client does it every fifteen minutes."""

import itertools

from bench import ROUNDS, sized
from bench.http import parley
from bench.report import about, record
from bench.stack import Parley

CONNECTIONS = 4
LOGINS, REFRESHES = sized(40, 8), sized(400, 40)


def run():
    about("logins", "Signing in", f"{CONNECTIONS} at a time.", {
        "server_cpu_us": "server CPU µs", "database_cpu_us": "PostgreSQL's", "per_s": "a second", "p50_us": "p50 µs",
        "p99_us": "p99 µs"}, rows="what")
    numbers = itertools.count()
    with Parley() as server:
        for round in range(ROUNDS):
            accounts = [{"username": f"somebody{next(numbers)}", "password": "correct horse battery"}
                        for _ in range(LOGINS + CONNECTIONS)]
            measure(server, "register", accounts, "/auth/register", status=201)
            measure(server, "log in", accounts, "/auth/login")
            tokens = make_tokens(server, f"round {round}", REFRESHES + CONNECTIONS)
            measure(server, "refresh", [{"refreshToken": token} for token in tokens], "/auth/refresh")


def make_tokens(server, prefix, count):
    """Refresh tokens, each of a session of its own, because a token is good once."""
    server.seed_users(count)
    tokens = [f"{prefix} {number}" for number in range(count)]
    server.sql(
        "INSERT INTO refresh_tokens (hash, session_id) SELECT sha256(token::bytea), s.id FROM "
        "unnest(%s::text[]) WITH ORDINALITY t (token, n) JOIN (SELECT id, row_number() OVER (ORDER BY id) AS n "
        "FROM sessions WHERE user_agent = '') s USING (n)", tokens)
    return tokens


def measure(server, what, bodies, path, **options):
    result = parley(
        server, [path], people=(), bodies=bodies, method="POST", requests=len(bodies) - CONNECTIONS, warm_up=CONNECTIONS,
        connections=CONNECTIONS, contains='"accessToken"', **options)
    record("logins", what, **{name: result[name] for name in (
        "server_cpu_us", "database_cpu_us", "per_s", "p50_us", "p99_us", "others_load")})
