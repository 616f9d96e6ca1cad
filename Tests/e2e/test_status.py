"""A status and do not disturb: they belong to the account, others are told, and SQL changes them as well."""

from parley import assert_problem

HOURS = {"from": "22:00", "to": "07:00", "timeZone": "Europe/Berlin"}


def test_a_status_is_told_to_others_and_ends_by_itself(people, server):
    alice, bob = people("alice", "bob")
    alice.direct(bob)
    said = {"text": "On holiday", "emoji": "\N{PALM TREE}", "until": "2125-01-01T00:00:00.000Z"}
    with bob.connect() as device, alice.connect() as own:
        answer = alice.request("PATCH", "/auth/me", json={"statusMessage": said, "doNotDisturb": {"hours": HOURS}})
        assert answer.status_code == 200, answer.text
        assert answer.json()["statusMessage"] == said and answer.json()["doNotDisturb"] == {"hours": HOURS}
        for each in (device, own):
            told = each.wait_for("user:updated", lambda user: user["id"] == alice.id)
            assert told["statusMessage"] == said and told["doNotDisturb"] == {"hours": HOURS}
        device.forget()
        server.sql("UPDATE users SET status_text = 'changed in SQL' WHERE id = %s", alice.id)
        told = device.wait_for("user:updated", lambda user: user["id"] == alice.id)
        assert told["statusMessage"]["text"] == "changed in SQL"
        device.forget()
        alice.request("PATCH", "/auth/me", json={"displayName": "Alice B."})
        told = device.wait_for("user:updated", lambda user: user["id"] == alice.id)
        assert told["statusMessage"]["emoji"] == said["emoji"], "what is not named stays"
    server.sql("UPDATE users SET status_until = now() WHERE id = %s", alice.id)
    assert "statusMessage" not in bob.get(f"/users/{alice.id}").json()
    assert "doNotDisturb" in bob.get(f"/users/{alice.id}").json()
    alice.request("PATCH", "/auth/me", json={"doNotDisturb": None})
    assert "doNotDisturb" not in bob.get(f"/users/{alice.id}").json()


def test_what_is_no_status_and_no_hours_is_refused(people):
    alice, = people("alice")
    for status in ({"text": ""}, {"text": "a" * 101}, {"text": "a", "emoji": "no"}, {"text": "a", "until": "soon"}):
        assert_problem(alice.request("PATCH", "/auth/me", json={"statusMessage": status}), 422, "validation_failed", "statusMessage")
    for hours in ({**HOURS, "from": "24:00"}, {**HOURS, "to": "22:00"}, {**HOURS, "timeZone": "../etc/passwd"}):
        answer = alice.request("PATCH", "/auth/me", json={"doNotDisturb": {"hours": hours}})
        assert_problem(answer, 422, "validation_failed", "doNotDisturb")
    assert {"statusMessage", "doNotDisturb"}.isdisjoint(alice.get("/auth/me").json())
