"""A stranger's group is an invitation until it is accepted."""

from parley import assert_problem


def block(person, other, method="PUT"):
    assert person.request(method, f"/users/{other.id}/block").status_code == 204


def invitation(person, group):
    return person.get(f"/conversations/{group}").json().get("invitation")


def test_a_strangers_group_is_an_invitation_until_accepted(people):
    alice, bob, carol = people("alice", "bob", "carol")
    with bob.connect() as b:
        group = alice.group(bob, title="Come in")
        created = b.wait_for("conversation:created")
        assert created["invitation"]["by"] == {
            "id": alice.id, "username": alice.username, "displayName": alice.session["user"]["displayName"]}
        alice.post(f"/conversations/{group}/members", json={"userIds": [carol.id]})
        updated = b.wait_for("conversation:updated")
        assert updated["invitation"] == created["invitation"]
        assert "invitation" not in alice.get(f"/conversations/{group}").json(), "each sees only their own"
        assert invitation(carol, group)["by"]["id"] == alice.id
        assert bob.get("/conversations").json()["conversations"][0]["invitation"] == created["invitation"]
        known = b.emit("sync", {"known": {}})["conversations"]
        assert [c["conversation"]["invitation"] for c in known] == [created["invitation"]]
        # All devices of the person learn of the acceptance, live and later.
        b.forget()
        answer = bob.post(f"/conversations/{group}/accept")
        assert answer.status_code == 200 and "invitation" not in answer.json()
        assert "invitation" not in b.wait_for("conversation:updated")
        changed = b.emit("sync", {"known": {group: updated["revision"]}})["conversations"]
        assert [c["id"] for c in changed] == [group] and "invitation" not in changed[0]["conversation"]
        again = b.emit("conversation:accept", {"conversationId": group})
        assert again["ok"] and again["conversation"]["revision"] == answer.json()["revision"]
    # Writing accepts as well; leaving declines.
    carol.send(group, "hello")
    assert invitation(carol, group) is None
    other = alice.group(bob, visibility="public")
    assert invitation(bob, other) is None, "they share a private group by now"
    mallory, = people("mallory")
    assert_problem(mallory.post(f"/conversations/{group}/accept"), 404, "not_found")
    refused = mallory.group(bob)
    assert bob.post(f"/conversations/{refused}/leave").status_code == 204
    assert_problem(bob.post(f"/conversations/{refused}/accept"), 404, "not_found")


def test_who_is_a_stranger(people):
    alice, bob, carol, dave = people("alice", "bob", "carol", "dave")
    # A person to whom one has written is no stranger; one who wrote first still is.
    bob.send(bob.direct(alice), "hello")
    assert invitation(bob, alice.group(bob)) is None
    alice.send(alice.direct(carol), "hello")
    assert invitation(carol, alice.group(carol)) is not None
    # Neither a public group, which anybody can join, nor a group that was not accepted makes people acquainted.
    public = dave.group(visibility="public")
    assert alice.post(f"/conversations/{public}/join").status_code == 200
    assert invitation(dave, alice.group(dave)) is not None
    assert invitation(dave, alice.group(dave)) is not None
    # A person who joins needs no invitation.
    assert carol.post(f"/conversations/{public}/join").json().get("invitation") is None


def test_a_stranger_is_not_told_of_a_block(people):
    alice, mallory = people("alice", "mallory")
    with alice.connect() as device, mallory.connect() as other:
        device.wait_for("ready")
        other.wait_for("ready")
        block(alice, mallory)
        device.wait_for("user:blocked")
        assert mallory.direct(people("bob")[0])
        other.wait_for("conversation:created")
        assert other.all("user:status") == []
