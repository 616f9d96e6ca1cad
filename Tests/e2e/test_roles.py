"""Who may do what in a conversation: every role and every act, by REST and by sockets."""

import pytest

from parley import assert_problem

OK = "ok"
STATUS = {"forbidden": 403, "not_a_member": 403, "not_found": 404, "validation_failed": 422, "conflict": 409, "gone": 410}
ROLES = ("owner", "admin", "member", "outsider")


@pytest.fixture(scope="module")
def cast(server):
    """Six people. Each act gets new groups of them, because acts change groups."""
    names = ("owner", "admin", "member", "outsider", "other_admin", "other", "stranger")
    return dict(zip(names, server.people(*names)))


class Scene:
    def __init__(self, cast, kind):
        self.cast, self.kind = cast, kind
        owner = cast["owner"]
        if kind == "direct":
            self.id = owner.direct(cast["member"])
        else:
            members = [cast[name] for name in ("admin", "member", "other_admin", "other")]
            self.id = owner.group(*members, visibility=kind)
            for name in ("admin", "other_admin"):
                answer = owner.request("PATCH", self.path(f"/members/{cast[name].id}"), json={"role": "admin"})
                assert answer.status_code == 200
        self.message = owner.send(self.id, "the owner's")["id"]

    def somebody(self, person, name):
        """The id of another member: `name`, or the other member of a direct conversation."""
        if self.kind == "direct":
            name = "owner" if person is self.cast["member"] else "member"
        return self.cast[name].id

    def path(self, rest=""):
        return f"/conversations/{self.id}{rest}"


ACTS = {
    "see": lambda p, s: p.get(s.path()),
    "history": lambda p, s: p.get(f"/messages?conversationId={s.id}"),
    "changes": lambda p, s: p.get(f"/messages?conversationId={s.id}&sinceRevision=0"),
    "search": lambda p, s: p.get(f"/messages/search?q=x&conversationId={s.id}"),
    "members": lambda p, s: p.get(s.path("/members")),
    "send": lambda p, s: p.post("/messages", json={"conversationId": s.id, "text": "x"}),
    "rename": lambda p, s: p.request("PATCH", s.path(), json={"title": "New"}),
    "add": lambda p, s: p.post(s.path("/members"), json={"userIds": [s.cast["stranger"].id]}),
    "remove a member": lambda p, s: p.request("DELETE", s.path(f"/members/{s.somebody(p, 'other')}")),
    "remove an admin": lambda p, s: p.request("DELETE", s.path(f"/members/{s.somebody(p, 'other_admin')}")),
    "promote": lambda p, s: p.request("PATCH", s.path(f"/members/{s.somebody(p, 'other')}"), json={"role": "admin"}),
    "join": lambda p, s: p.post(s.path("/join")),
    "leave": lambda p, s: p.post(s.path("/leave")),
    "find message": lambda p, s: p.get(f"/messages/{s.message}"),
    "edit": lambda p, s: p.request("PATCH", f"/messages/{s.message}", json={"text": "changed"}),
    "delete": lambda p, s: p.request("DELETE", f"/messages/{s.message}"),
    "react": lambda p, s: p.request("PUT", f"/messages/{s.message}/reactions/\N{THUMBS UP SIGN}"),
    "report": lambda p, s: p.post(f"/messages/{s.message}/report", json={"reason": "rude"}),
}
# For owner, admin, member and outsider. The owner sent the message that is edited, deleted and so on.
GROUP = {
    "see": (OK, OK, OK, "not_found"),
    "history": (OK, OK, OK, "not_found"),
    "changes": (OK, OK, OK, "not_found"),
    "search": (OK, OK, OK, "not_found"),
    "members": (OK, OK, OK, "not_found"),
    "send": (OK, OK, OK, "not_found"),
    "rename": (OK, OK, "forbidden", "not_found"),
    "add": (OK, OK, "forbidden", "not_found"),
    "remove a member": (OK, OK, "forbidden", "not_found"),
    "remove an admin": (OK, "forbidden", "forbidden", "not_found"),
    "promote": (OK, "forbidden", "forbidden", "not_found"),
    "join": (OK, OK, OK, "not_found"),
    "leave": (OK, OK, OK, "not_found"),
    "find message": (OK, OK, OK, "not_found"),
    "edit": (OK, "forbidden", "forbidden", "not_found"),
    "delete": (OK, OK, "forbidden", "not_found"),
    "react": (OK, OK, OK, "not_found"),
    "report": (OK, OK, OK, "not_found"),
}
# An outsider sees and joins a public group, and sees none of its messages.
PUBLIC = {act: codes[:3] + ("not_a_member",) for act, codes in GROUP.items()} | {
    "see": (OK, OK, OK, OK),
    "add": (OK, OK, OK, "not_a_member"),
    "join": (OK, OK, OK, OK),
    **{act: GROUP[act] for act in ("find message", "edit", "delete", "react", "report")},
}
DIRECT = {act: (codes[0], None, codes[2], codes[3]) for act, codes in GROUP.items()} | {
    act: ("forbidden", None, "forbidden", "not_found")
    for act in ("rename", "add", "remove a member", "remove an admin", "promote", "leave")}


@pytest.mark.parametrize("kind, table", [("private", GROUP), ("public", PUBLIC), ("direct", DIRECT)])
def test_every_role_and_every_act(cast, kind, table):
    for act, codes in table.items():
        for role, code in zip(ROLES, codes):
            if code is None:
                continue
            scene = Scene(cast, kind)
            before = cast["owner"].get(scene.path()).json()
            answer = ACTS[act](cast[role], scene)
            if code == OK:
                assert answer.status_code < 300, (kind, act, role, answer.text)
            else:
                assert (answer.status_code, answer.json()["code"]) == (STATUS[code], code), (kind, act, role, answer.text)
                after = cast["owner"].get(scene.path()).json()
                assert after["revision"] == before["revision"], (kind, act, role, "a refusal changes nothing")


EVENTS = {
    "message:send": lambda s: {"conversationId": s.id, "text": "x"},
    "message:edit": lambda s: {"messageId": s.message, "text": "changed"},
    "message:delete": lambda s: {"messageId": s.message},
    "message:react": lambda s: {"messageId": s.message, "emoji": "\N{THUMBS UP SIGN}", "add": True},
    "message:delivered": lambda s: {"conversationId": s.id, "seq": 1},
    "message:read": lambda s: {"conversationId": s.id, "seq": 1},
    "typing": lambda s: {"conversationId": s.id, "active": True},
    "conversation:join": lambda s: {"conversationId": s.id},
    "conversation:leave": lambda s: {"conversationId": s.id},
}
SAME_BY_REST = {
    "message:send": "send", "message:edit": "edit", "message:delete": "delete", "message:react": "react",
    "message:delivered": "history", "message:read": "history", "typing": "history",
    "conversation:join": "join", "conversation:leave": "leave",
}


@pytest.mark.parametrize("kind, table", [("private", GROUP), ("public", PUBLIC), ("direct", DIRECT)])
def test_events_are_refused_as_requests_are(cast, kind, table):
    devices = {role: cast[role].connect() for role in ROLES}
    try:
        for event, payload in EVENTS.items():
            for role, code in zip(ROLES, table[SAME_BY_REST[event]]):
                if code is None:
                    continue
                scene = Scene(cast, kind)
                answer = devices[role].emit(event, payload(scene))
                found = OK if answer["ok"] else answer["error"]["code"]
                assert found == code, (kind, event, role, answer)
    finally:
        for device in devices.values():
            device.close()


def test_ids_that_do_not_exist_are_not_found(cast):
    person = cast["owner"]
    for id in ("01a1fbfe-c86c-7e67-a7d1-b1bed26d1f9e", "nonsense"):
        for method, path, body in [
            ("GET", f"/conversations/{id}", None), ("PATCH", f"/conversations/{id}", {"title": "x"}),
            ("POST", f"/conversations/{id}/join", None), ("POST", f"/conversations/{id}/leave", None),
            ("GET", f"/conversations/{id}/members", None), ("GET", f"/messages/{id}", None),
            ("PATCH", f"/messages/{id}", {"text": "x"}), ("DELETE", f"/messages/{id}", None),
            ("GET", f"/messages?conversationId={id}", None), ("POST", f"/messages/{id}/report", {"reason": "x"}),
        ]:
            assert_problem(person.request(method, path, json=body), 404, "not_found")
