"""Mentions: whom a message calls by name, and how many unread ones call one."""


def test_mentions_by_socket_and_rest(people):
    alice, bob, carol = people("alice", "bob", "carol")
    group = alice.group(bob)

    def unread(person):
        return person.get(f"/conversations/{group}").json()["unreadMentions"]

    with bob.connect() as b, alice.connect() as a:
        sent = a.send(group, f"hello @{bob.username}, and @{carol.username}, who is not here")
        assert sent["mentions"] == [bob.id] and "mentionsAll" not in sent
        assert b.wait_for("message:received", lambda m: m["id"] == sent["id"])["mentions"] == [bob.id]
        assert (unread(bob), unread(alice)) == (1, 0)
        # People are found for completion by the beginnings of their names.
        found = bob.get(f"/conversations/{group}/members?query=@{bob.username[:-1]}").json()
        assert [m["user"]["id"] for m in found["members"]] == [bob.id] and "nextCursor" not in found
        everybody = a.send(group, "@all, look")
        assert everybody["mentionsAll"] is True and "mentions" not in everybody
        assert "mentionsAll" not in b.send(group, "@all, look"), "a plain member may not call all"
        assert unread(bob) == 2
        edited = alice.request("PATCH", f"/messages/{sent['id']}", json={"text": "nobody"}).json()["message"]
        assert "mentions" not in edited and unread(bob) == 1
        assert b.wait_for("message:updated", lambda m: m["id"] == sent["id"])["text"] == "nobody"
        cursor = b.ready["cursor"]
        assert b.emit("message:read", {"conversationId": group, "seq": everybody["seq"]}) == {"ok": True}
        assert unread(bob) == 0
        own = [m for m in b.emit("sync", {"known": {}, "cursor": cursor})["marks"] if m["userId"] == bob.id]
        assert own[-1]["unreadMentions"] == 0
