"""Searches delay nobody's messages."""

import concurrent.futures
from urllib.parse import quote

import pytest

from parley import assert_problem, until

# Stands before the function that cuts a search into words: a search for this word takes longer than allowed.
SLOW = """
    CREATE SCHEMA slow;
    CREATE FUNCTION slow.search_parts(text, boolean) RETURNS TABLE (word text, begins boolean) LANGUAGE plpgsql AS $$
    BEGIN
        IF $1 = 'slow' THEN PERFORM pg_sleep(60); END IF;
        RETURN QUERY SELECT * FROM public.search_parts($1, $2);
    END $$;
"""


def test_searches_wait_for_each_other_and_nobody_for_them(start_server):
    server = start_server()
    server.sql(SLOW)
    name = server.sql("SELECT current_database()")[0][0]
    server.sql(f"ALTER DATABASE {name} SET search_path = slow, pg_catalog, public")
    server.stop()
    server.start()
    alice, bob, carol = server.people("alice", "bob", "carol")
    crowd = server.people(*["person"] * 6)
    conversation = alice.group(bob, carol)
    running = """SELECT pid, query_start FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"""
    with concurrent.futures.ThreadPoolExecutor(40) as pool, alice.connect() as sender, bob.connect() as reader:
        def together(limit):
            """How many run at the same time for a while. One that took too long is ended a moment after the next begins."""
            pids = set(server.sql(running))
            while len(pids) > limit and (left := pids & set(server.sql(running))) != pids:
                pids = left
            return len(pids)

        def search(person, word):
            return pool.submit(person.get, f"/messages/search?q={word}")

        flood = [search(carol, "slow") for _ in range(24)]
        until(lambda: len(server.sql(running)) == 1, "a search to run")
        for n in range(20):
            sender.send(conversation, f"word{n}")
            assert together(1) <= 1, "one of each person at a time"
        reader.wait_for("message:received", lambda message: message["seq"] == 20)
        found = bob.get("/messages/search?q=word7")
        assert found.status_code == 200 and len(found.json()["messages"]) == 1, "others search as well"
        for answer in flood:
            assert_problem(answer.result(), 503, "unavailable")
            assert answer.result().headers["Retry-After"]
        assert any("took too long" in answer.result().json()["detail"] for answer in flood)

        flood = [search(person, "slow") for person in crowd]
        until(lambda: len(server.sql(running)) > 1, "searches to run")
        for n in range(20):
            sender.send(conversation, f"again{n}")
            assert bob.get("/conversations").status_code == 200
            assert together(4) <= 4, "and of all few"
        for answer in flood:
            assert_problem(answer.result(), 503, "unavailable")
        until(lambda: server.sql(running) == [], "the searches to be over")
        assert len(bob.get("/messages/search?q=again7").json()["messages"]) == 1


@pytest.mark.parametrize("text", ["-word", '-"a b"', "-a -b", "!!!", "   ", "a or -b", '""', "-"])
def test_a_search_without_a_word_is_refused(people, text):
    alice, = people("alice")
    assert_problem(alice.get(f"/messages/search?q={quote(text)}"), 422, "validation_failed", "q")


@pytest.mark.parametrize("text", ["word", "word -other", '"a b" -c', "a or b", "-a b", "naïve", "7"])
def test_a_search_with_a_word_is_answered(people, text):
    alice, = people("alice")
    answer = alice.get(f"/messages/search?q={quote(text)}")
    assert answer.status_code == 200 and answer.json() == {"messages": [], "hasMore": False}
