"""Sends messages over REST from a process of its own, so that readers in the test's process keep up: one sender for each
token, all at once. Prints the `seq`s that each was given.

    python pour.py PORT CONVERSATION COUNT TOKEN…
"""

import concurrent.futures
import http.client
import json
import sys

from processes import PATIENCE


def pour(port, conversation, count, token):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    headers = {"Authorization": f"Bearer {token}"}
    seqs = []
    for number in range(count):
        connection.request("POST", "/messages", json.dumps({"conversationId": conversation, "text": str(number)}), headers)
        answer = connection.getresponse()
        body = json.loads(answer.read())
        assert answer.status == 201, body
        seqs.append(body["message"]["seq"])
    return seqs


if __name__ == "__main__":
    port, conversation, count, *tokens = sys.argv[1:]
    with concurrent.futures.ThreadPoolExecutor(len(tokens)) as pool:
        json.dump(list(pool.map(lambda token: pour(int(port), conversation, int(count), token), tokens)), sys.stdout)
