"""The numbers of unread messages in a page are those of the database, whatever people do.

The long walk is `WALK_ACTS=500 pytest Tests/e2e/web/test_web_walk.py`; WALK_SEED starts it elsewhere.
"""

import os
import random


class Walk:
    """Three people on five screens do what people do, in an order that the seed decides."""

    def __init__(self, server, screen, seed):
        self.server = server
        self.pick = random.Random(seed)
        self.people = server.people("ana", "bo", "cleo")
        ana, bo, cleo = self.people
        self.group = ana.group(bo, cleo, title="Walkers", visibility="public")
        for person in (bo, cleo):
            assert person.post(f"/conversations/{self.group}/accept").ok
        self.conversations = {self.group: self.people, ana.direct(bo): [ana, bo], ana.direct(cleo): [ana, cleo]}
        # Nobody is a stranger to Ana, so nobody has to accept when she adds them.
        for person in (bo, cleo):
            person.send(person.direct(ana), "hello")
        self.phones = {person: person.connect() for person in self.people}
        self.screens = [screen(person) for person in (ana, ana, bo, bo, cleo)]
        self.sent = []
        self.journal = []

    def act(self):
        acts = [
            (self.send, 9), (self.delete, 3), (self.edit, 1), (self.react, 1), (self.read_on_phone, 3), (self.open, 4),
            (self.go_home, 3), (self.cut, 2), (self.mend, 2), (self.leave_and_join, 1), (self.remove_and_add, 1),
            (self.moderate, 1), (self.flood, 1), (self.hide, 1),
        ]
        act = self.pick.choices([act for act, _ in acts], [weight for _, weight in acts])[0]
        self.journal.append((act.__name__, act()))

    def settle(self):
        for screen in self.screens:
            if screen.line.is_cut:
                screen.mend()
        for screen in self.screens:
            try:
                screen.comes_to_agree()
            except AssertionError as error:
                number = self.screens.index(screen)
                raise AssertionError(f"screen {number}: {error}; acts: {self.journal[-40:]}") from None

    def close(self):
        for phone in self.phones.values():
            phone.close()

    def send(self):
        conversation = self.pick.choice(list(self.conversations))
        sender = self.pick.choice(self.conversations[conversation])
        self.sent.append((sender, self.phones[sender].send(conversation, f"line {len(self.sent)}")))
        return sender.username, conversation[-4:]

    def flood(self):
        conversation = self.pick.choice(list(self.conversations))
        sender = self.pick.choice(self.conversations[conversation])
        for _ in range(30):
            self.sent.append((sender, self.phones[sender].send(conversation, f"line {len(self.sent)}")))
        return sender.username, conversation[-4:]

    def some_message(self):
        return self.pick.choice(self.sent[-40:]) if self.sent else (None, None)

    def delete(self):
        sender, message = self.some_message()
        if sender:
            sender.request("DELETE", f"/messages/{message['id']}")
            return message["conversationId"][-4:], message["seq"]

    def edit(self):
        sender, message = self.some_message()
        if sender:
            sender.request("PATCH", f"/messages/{message['id']}", json={"text": "edited"})

    def react(self):
        sender, message = self.some_message()
        if sender:
            self.phones[sender].emit("message:react", {"messageId": message["id"], "emoji": "👍", "add": True})

    def moderate(self):
        sender, message = self.some_message()
        if sender is None:
            return
        # What its sender has deleted, a moderator can neither delete nor restore.
        for act in ("remove_message(%s, 'a mistake')", "restore_message(%s)"):
            try:
                self.server.sql("SELECT moderation." + act, message["id"])
            except Exception:
                return
            if self.pick.random() < 0.5:
                return

    def read_on_phone(self):
        conversation = self.pick.choice(list(self.conversations))
        person = self.pick.choice(self.conversations[conversation])
        last = self.server.sql("SELECT last_seq FROM conversations WHERE id = %s", conversation)[0][0]
        seq = max(0, last - self.pick.randrange(6))
        self.phones[person].emit("message:read", {"conversationId": conversation, "seq": seq})
        return person.username, conversation[-4:], seq

    def open(self):
        screen = self.pick.choice(self.screens)
        mine = [id for id, people in self.conversations.items() if screen.person in people]
        conversation = self.pick.choice(mine)
        screen.go(f"/c/{conversation}")
        return self.screens.index(screen), conversation[-4:]

    def go_home(self):
        screen = self.pick.choice(self.screens)
        screen.go("/")
        return self.screens.index(screen)

    def cut(self):
        screen = self.pick.choice(self.screens)
        screen.cut()
        return self.screens.index(screen)

    def mend(self):
        screen = self.pick.choice(self.screens)
        # It finds out by itself.
        screen.line.mend()
        return self.screens.index(screen)

    def leave_and_join(self):
        person = self.pick.choice(self.people[1:])
        assert person.post(f"/conversations/{self.group}/leave").ok
        if self.pick.random() < 0.5:
            self.phones[self.people[0]].send(self.group, "in between")
        assert person.post(f"/conversations/{self.group}/join").ok
        return person.username

    def hide(self):
        conversation = self.pick.choice([id for id in self.conversations if id != self.group])
        person = self.pick.choice(self.conversations[conversation])
        assert person.post(f"/conversations/{conversation}/hide").ok
        return person.username, conversation[-4:]

    def remove_and_add(self):
        owner, person = self.people[0], self.pick.choice(self.people[1:])
        assert owner.request("DELETE", f"/conversations/{self.group}/members/{person.id}").ok
        if self.pick.random() < 0.5:
            self.phones[owner].send(self.group, "in between")
        assert owner.post(f"/conversations/{self.group}/members", json={"userIds": [person.id]}).ok
        return person.username


def test_a_random_walk_of_three_people_on_five_screens(server, screen):
    acts = int(os.environ.get("WALK_ACTS", "60"))
    walk = Walk(server, screen, int(os.environ.get("WALK_SEED", "1")))
    try:
        for number in range(1, acts + 1):
            walk.act()
            if number % 20 == 0:
                walk.settle()
        walk.settle()
    finally:
        walk.close()
