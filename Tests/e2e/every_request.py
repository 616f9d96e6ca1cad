"""Every request and event there is, asked by a person of the benchmark's dataset."""

import itertools
import secrets
import sys
from urllib.parse import quote

from parley import PASSWORD, ROOT, Person

sys.path.insert(0, str(ROOT / "Benchmarks"))
from bench import dataset  # noqa: E402


class Somebody(Person):
    """A person of the dataset: number 0 is in 500 conversations."""

    def __init__(self, server, number, user):
        self.server = server
        self.username = f"user{number}"
        # A known password replaces the dataset's, with which nobody can sign in.
        server.sql("UPDATE passwords SET hash = (SELECT hash FROM passwords p JOIN users u ON u.id = p.user_id "
                   "WHERE u.username LIKE 'newcomer%%' LIMIT 1) WHERE user_id = %s", user)
        self.sign_in()

    def sign_in(self):
        answer = self.server.request("POST", "/auth/login", json={"username": self.username, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        self.session = answer.json()
        self.id, self.token = self.session["user"]["id"], self.session["accessToken"]


class World:
    """The asking person, and the objects of their requests."""

    def __init__(self, explained):
        self.server = explained.server
        self.data = data = explained.data
        self.newcomer = self.server.person("newcomer")
        self.hero = Somebody(self.server, 0, data.user(0))
        self.large, self.direct, self.own_group, self.public = (data.conversation(n) for n in (0, 1, 7, 508))
        # Nobody in the dataset talks to them yet, and each is used once.
        self.numbers = itertools.count(600)
        self.message = self.hero.send(self.large)["id"]
        self.reader = Somebody(self.server, 5, data.user(5))
        self.device, self.reader_device = self.hero.connect(), self.reader.connect()

    def ask(self, method, path, who=None, **options):
        """The answer to a request that must not be refused."""
        answer = (who or self.hero).request(method, path, **options)
        assert answer.ok, (method, path, answer.status_code, answer.text)
        return answer

    def get(self, path):
        return self.ask("GET", path)

    def emit(self, event, payload):
        answer = self.device.emit(event, payload)
        assert answer["ok"], answer
        return answer

    def number(self):
        return next(self.numbers)

    def new_message(self, conversation=None):
        return self.hero.send(conversation or self.large)["id"]

    def new_upload(self, content=b"bytes"):
        return self.hero.upload(b"%s %d" % (content, self.number()))["id"]


def sign_out(world):
    """Signs in again, from another device."""
    answer = world.server.request("POST", "/auth/login", json={"username": "user0", "password": PASSWORD})
    token = answer.json()["accessToken"]
    assert world.server.request("POST", "/auth/logout", headers={"Authorization": f"Bearer {token}"}).status_code == 204


def refresh(world):
    answer = world.server.request("POST", "/auth/refresh", json={"refreshToken": world.hero.session["refreshToken"]})
    assert answer.status_code == 200, answer.text
    world.hero.session = answer.json()


def end_session(world):
    world.server.request("POST", "/auth/login", json={"username": "user0", "password": PASSWORD})
    sessions = world.get("/auth/sessions").json()["sessions"]
    other = next(session["id"] for session in sessions if not session["current"])
    world.ask("DELETE", f"/auth/sessions/{other}")


def change_profile(world):
    # A GIF of one pixel. Bytes behind it change nothing.
    avatar = world.new_upload(b"GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\1\0\1\0\0\2\2D\1\0;")
    world.ask("PATCH", "/auth/me", json={"displayName": "Ada", "about": "hello", "avatarUploadId": avatar})


def join_and_leave(world):
    world.ask("POST", f"/conversations/{world.public}/join")
    world.ask("POST", f"/conversations/{world.public}/leave")


def change_members(world):
    members, person = f"/conversations/{world.own_group}/members", world.data.user(world.number())
    world.ask("POST", members, json={"userIds": [person]})
    world.ask("PATCH", f"{members}/{person}", json={"role": "admin"})
    world.ask("DELETE", f"{members}/{person}")


def accept_an_invitation(world):
    group = world.newcomer.group(world.hero)
    world.ask("POST", f"/conversations/{group}/accept")


def block_and_unblock(world):
    person = world.data.user(world.number())
    world.ask("PUT", f"/users/{person}/block")
    world.get("/users/blocked")
    world.ask("DELETE", f"/users/{person}/block")


def make_conversations(world):
    world.ask("POST", "/conversations", json={"kind": "direct", "userId": world.data.user(world.number())})
    people = [world.data.user(world.number()) for _ in range(3)]
    world.ask("POST", "/conversations", json={"kind": "group", "title": "New", "memberIds": people})


def list_conversations(world):
    page = world.get("/conversations?limit=50").json()
    world.get(f"/conversations?limit=50&cursor={page['nextCursor']}")


def list_members(world):
    page = world.get(f"/conversations/{world.large}/members?limit=50").json()
    world.get(f"/conversations/{world.large}/members?limit=50&cursor={page['nextCursor']}")


def list_public_groups(world):
    page = world.get("/conversations/public?limit=2").json()
    world.get(f"/conversations/public?limit=2&cursor={page['nextCursor']}")
    world.get("/conversations/public?query=group")


def history(world):
    for conversation in (world.large, world.direct):
        for bounds in ("", "&before=60", "&after=20", "&before=5000&limit=200", "&sinceRevision=10"):
            world.get(f"/messages?conversationId={conversation}{bounds}")


def list_shared(world):
    for conversation in (world.large, world.direct):
        for kind in ("media", "files", "links"):
            page = world.get(f"/conversations/{conversation}/media?kind={kind}&limit=2").json()
            if cursor := page.get("nextCursor"):
                world.get(f"/conversations/{conversation}/media?kind={kind}&limit=2&cursor={cursor}")
            world.get(f"/conversations/{conversation}/media?kind={kind}&limit=2&before=5000")
            world.get(f"/conversations/{conversation}/media?kind={kind}&limit=2&after=20")


def list_notices(world):
    for conversation in (world.large, world.direct):
        path = f"/conversations/{conversation}/notices?after=1&before=100000&limit=2"
        cursor = world.get(path).json().get("nextCursor", "9-9")
        world.get(f"{path}&cursor={cursor}")


def search(world):
    for query in (dataset.COMMON_WORD, dataset.RARE_WORD, dataset.NO_WORD, "ba -be", "ba", '"ba be"', "b", "ba or xy"):
        query = quote(query)
        world.get(f"/messages/search?q={query}")
        world.get(f"/messages/search?q={query}&conversationId={world.large}")
        world.get(f"/messages/search?q={query}&before={world.message}")


def change_message(world):
    message = world.new_message(world.direct)
    world.get(f"/messages/{message}")
    world.ask("PATCH", f"/messages/{message}", json={"text": "other words"})
    world.ask("PUT", f"/messages/{message}/reactions/👍")
    world.ask("DELETE", f"/messages/{message}/reactions/👍")
    world.ask("POST", f"/messages/{message}/report", json={"reason": "test"})
    world.ask("DELETE", f"/messages/{message}")


def send_messages(world):
    message = {"conversationId": world.large, "text": "look", "attachments": [world.new_upload()],
               "replyTo": world.message, "clientId": secrets.token_hex(8)}
    for _ in range(2):
        world.ask("POST", "/messages", json=message)
    world.ask("POST", "/messages", json={"recipientId": world.data.user(3), "text": "hello"})


def attachments(world):
    upload = world.new_upload()
    link = world.get(f"/upload/{upload}").json()["url"]
    shown = world.hero.send(world.large, attachments=[upload])["attachments"][0]["url"]
    for path in (link, shown, f"/upload/{upload}/file"):
        world.get(path)
    assert world.reader.get(f"/upload/{upload}").status_code == 200
    assert world.reader.get(f"/upload/{upload}/file").status_code == 200


def resumable_upload(world):
    tus = {"Tus-Resumable": "1.0.0"}
    location = world.ask("POST", "/upload", headers={**tus, "Upload-Length": "10"}).headers["Location"]
    world.ask("HEAD", location, headers=tus)
    world.ask("PATCH", location, data=b"%010d" % world.number(), headers={
        **tus, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"})
    location = world.ask("POST", "/upload", headers={**tus, "Upload-Length": "10"}).headers["Location"]
    world.ask("DELETE", location, headers=tus)


def connect(world):
    with world.hero.connect():
        pass


def synchronize(world):
    answer = world.emit("sync", {"known": {}})
    world.emit("sync", {"known": {}, "cursor": answer["cursor"]})
    world.emit("sync", {"known": {}, "cursor": "from the beginning"})
    world.emit("sync", {"known": {world.data.conversation(n): 3 for n in range(0, dataset.HERO_CONVERSATIONS, 5)}})


def mark(world):
    message = world.emit("message:send", {"conversationId": world.large, "text": "hello"})["message"]
    for event in ("message:delivered", "message:read"):
        assert world.reader_device.emit(event, {"conversationId": world.large, "seq": message["seq"]})["ok"]


def look_in(world):
    world.emit("conversation:join", {"conversationId": world.public})
    world.emit("typing", {"conversationId": world.public, "active": True})
    world.emit("conversation:leave", {"conversationId": world.public})


REQUESTS = {
    "register": lambda world: world.server.person("newcomer"),
    "sign in": lambda world: world.hero.sign_in(),
    "sign out": sign_out,
    "refresh": refresh,
    "end a session": end_session,
    "see oneself": lambda world: world.get("/auth/me"),
    "change the profile": change_profile,
    "change the password": lambda world: world.ask(
        "POST", "/auth/password", who=world.newcomer, json={"currentPassword": PASSWORD, "newPassword": PASSWORD}),
    "find people": lambda world: [
        world.get(f"/users?query={query}") for query in ("user12", "@user12", "per", "Ada Per", "nobody")],
    "list people": lambda world: world.get("/users?query="),
    "see somebody": lambda world: world.get(f"/users/{world.data.user(9)}"),
    "list conversations": list_conversations,
    "list public groups": list_public_groups,
    "see a conversation": lambda world: [
        world.get(f"/conversations/{id}") for id in (world.large, world.direct, world.public)],
    "rename a group": lambda world: world.ask("PATCH", f"/conversations/{world.own_group}", json={"title": "Renamed"}),
    "join and leave": join_and_leave,
    "list members": list_members,
    "change members": change_members,
    "make conversations": make_conversations,
    "accept an invitation": accept_an_invitation,
    "change settings": lambda world: world.ask("PATCH", f"/conversations/{world.large}/me", json={"pinned": True}),
    "block and unblock": block_and_unblock,
    "history": history,
    "what was shared": list_shared,
    "notices": list_notices,
    "search": search,
    "change a message": change_message,
    "send messages": send_messages,
    "attachments": attachments,
    "upload and delete": lambda world: world.ask("DELETE", f"/upload/{world.new_upload()}"),
    "resumable upload": resumable_upload,
    "connect": connect,
    "sync": synchronize,
    "mark as read": mark,
    "look into a conversation": look_in,
}
