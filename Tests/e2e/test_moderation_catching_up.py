"""Acts in SQL while the server cannot be notified."""

import psycopg

from moderation import assert_gone, files_of, picture
from parley import assert_problem, until

LISTENERS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query ILIKE 'LISTEN%'"


def test_nothing_is_lost_while_the_notification_connection_is_cut(postgres, start_server):
    server = start_server()
    database = server.database.rsplit("=", 1)[1]
    alice, bob, eve = server.people("alice", "bob", "eve")
    conversation = alice.direct(bob)
    sent = alice.send(conversation, "hello")
    until(lambda: server.sql(LISTENERS), "the server to listen")
    with psycopg.connect(server.database, autocommit=True) as owner, postgres.connect("postgres") as elsewhere, \
            bob.connect() as b, eve.connect() as e:
        # Nobody can connect while the listener is cut, so nobody is notified of what happens now.
        elsewhere.execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS false")
        try:
            for pid, in owner.execute(LISTENERS).fetchall():
                owner.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
            owner.execute("UPDATE messages SET deleted_at = now() WHERE id = %s", [sent["id"]])
            owner.execute("UPDATE users SET banned_at = now() WHERE id = %s", [eve.id])
            assert b.all("message:deleted") == [] and e.all("session:revoked") == []
        finally:
            elsewhere.execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS true")
        assert b.wait_for("message:deleted")["id"] == sent["id"]
        assert e.wait_for("session:revoked") == {"code": "banned"}
        kept = "SELECT count(*) FROM moderation.kept_changes"
        assert owner.execute(kept).fetchone() == (2,), "other servers read them as well"


def test_what_was_done_while_the_server_was_down_holds_when_it_is_back(start_server):
    server = start_server()
    alice, bob = server.people("alice", "bob")
    upload = alice.upload(picture(), "x.png")
    alice.send(alice.direct(bob), "look", attachments=[upload["id"]])
    group = alice.group()
    server.stop()
    server.sql("UPDATE users SET banned_at = now() WHERE id = %s", bob.id)
    server.sql("SELECT moderation.remove_upload(%s)", upload["id"])
    server.sql("SELECT moderation.add_blocked_word('never')")
    server.restart()
    assert_problem(bob.get("/auth/me"), 403, "banned")
    assert_problem(alice.post("/messages", json={"conversationId": group, "text": "never"}), 422, "validation_failed", "text")
    assert_gone(server, upload)
    until(lambda: not files_of(server, upload), "the files to leave the disk")
