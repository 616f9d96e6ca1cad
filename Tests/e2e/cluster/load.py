"""People who write, edit, come and go, whatever happens to the servers."""

import random
import threading
import uuid

import requests

from processes import PATIENCE


class Load:
    """Some writers, each a thread. `stored` has the ids of all messages whose storing was confirmed."""

    def __init__(self, people, groups, url, pause=0.08):
        self.people, self.groups, self.url = people, groups, url
        self.pause = pause
        self.stored = set()
        self.requests = self.failures = 0
        self._lock = threading.Lock()
        self._ends = threading.Event()
        self._runs = threading.Event()
        self._runs.set()
        self._idle = threading.Semaphore(0)
        self._threads = [threading.Thread(target=self._write, args=(person,), daemon=True) for person in people]
        for thread in self._threads:
            thread.start()

    def stop(self):
        self._ends.set()
        self._runs.set()
        for thread in self._threads:
            thread.join(PATIENCE)

    def rest(self):
        """Waits until every writer has finished what they were doing."""
        self._runs.clear()
        for _ in self._threads:
            assert self._idle.acquire(timeout=PATIENCE), "a writer hangs"

    def go_on(self):
        self._runs.set()

    def _write(self, person):
        last = None
        while not self._ends.is_set():
            if not self._runs.is_set():
                self._idle.release()
                self._runs.wait()
                continue
            owner, group = random.choice(self.groups)
            dice = random.random()
            if dice < 0.72 or not last:
                last = self._send(person, {"conversationId": group}) or last
            elif dice < 0.78:
                other = random.choice([other for other in self.people if other is not person])
                self._send(person, {"recipientId": other.id})
            elif dice < 0.92:
                self._ask(person, "PATCH", f"/messages/{last}", {"text": uuid.uuid4().hex})
            elif dice < 0.96:
                other = random.choice([other for other in self.people if other is not owner])
                self._ask(owner, "DELETE", f"/conversations/{group}/members/{other.id}")
            else:
                self._ask(owner, "POST", f"/conversations/{group}/members", {"userIds": [p.id for p in self.people[:6]]})
            self._ends.wait(random.uniform(0, 2 * self.pause))

    def _send(self, person, where):
        """Sends a message again and again, as clients do, until somebody says what became of it."""
        body = {**where, "text": uuid.uuid4().hex, "clientId": uuid.uuid4().hex}
        while not self._ends.is_set():
            answer = self._ask(person, "POST", "/messages", body)
            if answer is not None and answer.status_code < 500 and answer.status_code != 429:
                if answer.status_code >= 400:
                    return None
                id = answer.json()["message"]["id"]
                with self._lock:
                    self.stored.add(id)
                return id
            self._ends.wait(0.2)

    def _ask(self, person, method, path, body=None):
        with self._lock:
            self.requests += 1
        try:
            answer = requests.request(
                method, self.url + path, json=body, timeout=10, headers={"Authorization": f"Bearer {person.token}"})
        except requests.RequestException:
            answer = None
        if answer is None or answer.status_code >= 500:
            with self._lock:
                self.failures += 1
        return answer
