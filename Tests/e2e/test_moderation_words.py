"""The word filter."""

import psycopg
import pytest

from moderation import audit, wait_for_words
from parley import assert_problem


def test_blocked_words(server, moderator, people):
    alice, bob = people("alice", "bob")
    conversation = alice.direct(bob)

    for pattern, action in (("badword", "refuse"), ("buy now", "refuse"), ("darn*", "mask"), ("größe", "mask"), ("*coin*s", "report")):
        moderator.execute("SELECT moderation.add_blocked_word(%s, %s)", [pattern, action])
    wait_for_words(server)
    with bob.connect() as b:
        for text in ("a BadWord!", "Buy, now: cheap"):
            answer = assert_problem(
                alice.post("/messages", json={"conversationId": conversation, "text": text}), 422, "validation_failed", "text")
            assert "badword" not in answer["detail"].lower() and "buy" not in answer["detail"].lower()
        cases = [
            ("badwords and buyers now", "badwords and buyers now"),
            ("Darn it, DARNED thing; darling", "**** it, ****** thing; darling"),
            ("GRÖSSE? Gro\u0308ße!", "GRÖSSE? *****!"),
            ("some bitcoins here", "some bitcoins here"),
        ]
        sent = [alice.send(conversation, text, clientId=text) for text, _ in cases]
        assert [m["text"] for m in sent] == [shown for _, shown in cases]
        b.wait_for("message:received", lambda m: m["seq"] == len(cases))
        assert [m["text"] for m in b.all("message:received")] == [shown for _, shown in cases]
        again = alice.post("/messages", json={"conversationId": conversation, "text": cases[1][0], "clientId": cases[1][0]})
        assert again.status_code == 200 and again.json()["message"]["text"] == cases[1][1]
        edited = alice.request("PATCH", f"/messages/{sent[0]['id']}", json={"text": "darn bitcoinwords bitcoins"})
        assert edited.json()["message"]["text"] == "**** bitcoinwords bitcoins"
        assert_problem(alice.request("PATCH", f"/messages/{sent[0]['id']}", json={"text": "badword"}), 422, "validation_failed", "text")
    reports = moderator.execute(
        "SELECT message_id::text, reporter, reason FROM moderation.reports WHERE conversation_id = %s ORDER BY created_at",
        [conversation]).fetchall()
    assert reports == [(sent[3]["id"], None, "word filter: *coin*s"), (sent[0]["id"], None, "word filter: *coin*s")]
    moderator.execute("SELECT moderation.remove_blocked_word('BadWord')")
    wait_for_words(server)
    assert alice.send(conversation, "badword")["text"] == "badword"
    with pytest.raises(psycopg.errors.RaiseException, match="not blocked"):
        moderator.execute("SELECT moderation.remove_blocked_word('badword')")
    with pytest.raises(psycopg.errors.CheckViolation):
        moderator.execute("SELECT moderation.add_blocked_word('* *')")
    assert [a for _, a, _ in audit(server, "badword")] == ["word.add", "word.remove"]
    for pattern, in moderator.execute("SELECT pattern FROM moderation.blocked_words").fetchall():
        moderator.execute("SELECT moderation.remove_blocked_word(%s)", [pattern])
    wait_for_words(server)


def test_a_hostile_text_and_pattern_cost_little(server, moderator, people):
    alice, bob = people("alice", "bob")
    conversation = alice.direct(bob)
    moderator.execute("SELECT moderation.add_blocked_word(repeat('a*', 49) || 'b', 'refuse')")
    wait_for_words(server)
    before = server.cpu_seconds
    alice.send(conversation, "a" * 8000)
    assert server.cpu_seconds - before < 5, "matching takes time in proportion to the text"
    moderator.execute("SELECT moderation.remove_blocked_word(repeat('a*', 49) || 'b')")
    with pytest.raises(psycopg.errors.RaiseException, match="at most 200"):
        server.sql("INSERT INTO moderation.blocked_words (pattern) SELECT 'w' || n || '*' FROM generate_series(1, 201) n")
