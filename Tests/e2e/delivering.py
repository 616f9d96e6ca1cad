"""Helpers that the tests of delivery share."""

import os
import threading

from parley import PATIENCE

BIG = "PARLEY_BIG" in os.environ
"""Whether claims about many are tested at full size."""


def seqs(device):
    return [message["seq"] for message in device.all("message:received")]


class Burst:
    """Sends without waiting between acknowledgements, and keeps them."""

    def __init__(self, device):
        self.device = device
        self.answers = []
        self.done = threading.Condition()

    def send(self, conversation, texts, **fields):
        for text in texts:
            self.device.client.emit(
                "message:send", {"conversationId": conversation, "text": text, **fields}, callback=self._take)

    def _take(self, answer):
        with self.done:
            self.answers.append(answer)
            self.done.notify_all()

    def wait(self, count):
        """Waits for that many answers, as long as they come."""
        with self.done:
            while (had := len(self.answers)) < count:
                assert self.done.wait_for(lambda: len(self.answers) > had, PATIENCE), f"{had} of {count}"
        assert all(answer["ok"] for answer in self.answers), [a for a in self.answers if not a["ok"]][:3]
        return [answer["message"] for answer in self.answers]
