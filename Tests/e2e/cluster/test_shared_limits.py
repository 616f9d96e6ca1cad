"""Wrong passwords and registrations count over all servers."""

from accounts import weaken
from cluster import Cluster
from parley import PASSWORD


def log_in(server, name, password):
    return server.request("POST", "/auth/login", json={"username": name, "password": password}).status_code


def test_guesses_at_one_server_count_at_the_other(postgres, tmp_path):
    with Cluster(postgres.clone(), tmp_path, count=2, RATE_LIMITS="on") as cluster:
        one, other = cluster.servers.values()
        people = one.people("alice", "bob")
        for person in people:
            # One a minute comes back, and a machine that hashes as slowly as it should may need that long.
            weaken(one, person)
        alice, bob = (person.username for person in people)
        # A name at an address has twenty.
        answers = [log_in(server, alice, "wrong password") for _ in range(12) for server in (one, other)]
        assert answers.count(401) == 20 and answers.count(429) == 4 and answers[20:] == [429] * 4
        assert [log_in(server, alice, PASSWORD) for server in (one, other)] == [429, 429], "also with the right password"
        assert [log_in(server, bob, PASSWORD) for server in (one, other)] == [200, 200], "nobody else is stopped"
        # Neither the name nor the address is to be read in the table.
        assert one.sql("SELECT DISTINCT length(key) FROM shared_limits") == [(16,)]


def test_registrations_count_over_both_servers(postgres, tmp_path):
    with Cluster(postgres.clone(), tmp_path, count=2, RATE_LIMITS="on") as cluster:
        servers = list(cluster.servers.values())
        answers = [
            servers[number % 2].request("POST", "/auth/register", json={"username": f"flood{number}", "password": "short"}).status_code
            for number in range(80)]
        # One comes back every ten seconds.
        assert 60 <= answers.count(422) < 80 and answers[:60] == [422] * 60 and answers.count(422) + answers.count(429) == 80
