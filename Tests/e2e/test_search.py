"""What people search for, as they type it."""

from urllib.parse import quote, quote_plus, urlencode

import pytest

from parley import assert_problem

TEXTS = {
    "cafe": "ein Café um 3-5", "link": "https://example.org/a_b/c?d=e+f#g", "cjk": "明天開會",
    "signs": "C++ kostet €5 👍🏽", "plain": "see you tomorrow, old friend", "other": "see nobody",
}
QUERIES = {
    "cafe": "cafe", "CAFE ein": "cafe", "3-5": "cafe", "example.org/a_b": "link", TEXTS["link"]: "link",
    "天開": "cjk", "C++": "signs", "€5": "signs", "👍": "signs", "you tomo": "plain", '"old friend"': "plain",
    "see -nobody": "plain", "see -you": "other", "old or café": "cafe plain", "1,0": "",
}


def found(person, query, encode=quote, **options):
    answer = person.get(f"/messages/search?q={encode(query)}&{urlencode(options)}")
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture
def library(people):
    alice, bob = people("alice", "bob")
    conversation = alice.group(bob)
    return alice, {alice.send(conversation, text)["id"]: name for name, text in TEXTS.items()}


@pytest.mark.parametrize("encode", [quote, quote_plus])
def test_a_query_is_a_forms(library, encode):
    alice, names = library
    for query, expected in QUERIES.items():
        messages = found(alice, query, encode)["messages"]
        assert {names[message["id"]] for message in messages} == set(expected.split()), query


def test_every_query_parameter_is_a_forms(people):
    alice, bob = people("alice", "bob")
    bob.request("PATCH", "/auth/me", json={"displayName": "Bo Test+er"})
    group = alice.group(title="Red apples", visibility="public")
    assert [user["id"] for user in alice.get("/users?query=Bo+Test%2Ber").json()["users"]] == [bob.id]
    shown = alice.get("/conversations/public?query=apples+red").json()["conversations"]
    assert group in [conversation["id"] for conversation in shown]
    assert_problem(alice.get("/conversations?limit=+5"), 400, "malformed_request", "limit")
    # Neither a path nor a token has blanks.
    upload = alice.upload(b"bytes", name="a.txt")["id"]
    link = alice.get(f"/upload/{upload}").json()["url"]
    assert alice.server.request("GET", link).status_code == 200
    message = alice.send(group)["id"]
    assert_problem(alice.request("PUT", f"/messages/{message}/reactions/+"), 422, "validation_failed", "emoji")


def test_pages_show_each_match_once(people):
    alice, bob = people("alice", "bob")
    groups = [alice.group(bob), bob.group(alice)]
    sent = [alice.send(groups[n % 2], "needle " * (1 + n * 7 % 5) + f"in hay {n}")["id"] for n in range(60)]
    for conversation in (None, *groups):
        options = {"limit": 7} | ({"conversationId": conversation} if conversation else {})
        seen, page = [], found(alice, "needle", **options)
        while True:
            seen += [message["id"] for message in page["messages"]]
            if not page["hasMore"]:
                break
            page = found(alice, "needle", before=seen[-1], **options)
        wanted = [id for n, id in enumerate(sent) if conversation in (None, groups[n % 2])]
        assert seen == wanted[::-1]


def test_files_and_edits_are_found(people):
    alice, bob = people("alice", "bob")
    conversation = alice.direct(bob)
    upload = alice.upload(b"bytes", name="Jahres-Übersicht_2026.pdf")["id"]
    message = alice.send(conversation, "", attachments=[upload])["id"]
    for query in ("ubersicht", "jahres", "2026.pdf", "Jahres-Übersicht_2026.pdf"):
        assert [m["id"] for m in found(bob, query)["messages"]] == [message], query
    server = alice.server
    words = alice.send(conversation, "before")["id"]
    server.sql("UPDATE messages SET text = 'naïve words' WHERE id = %s", words)
    assert [m["id"] for m in found(bob, "naive")["messages"]] == [words]
    assert found(bob, "before")["messages"] == []
    server.sql("UPDATE uploads SET removed_at = now() WHERE id = %s", upload)
    assert found(bob, "ubersicht")["messages"] == []


@pytest.mark.parametrize("query", ["j.smith", "@j.smith", "j smi", "jose", "Team-42", "@ops@example.org", "小明"])
def test_people_are_found_by_what_their_names_show(people, query):
    alice, bob = people("alice", "bob")
    bob.request("PATCH", "/auth/me", json={"displayName": "J.Smith José Team-42 ops@example.org 王小明"})
    found = {user["id"] for user in alice.get(f"/users?query={quote(query)}&limit=100").json()["users"]}
    assert bob.id in found and alice.id not in found


@pytest.mark.parametrize("text", ["\ufdf2" * 300, "\ufdfa" * 400, "\u3300" * 500, "\U0001d504" * 600, "x" * 7990])
def test_a_word_that_grows_when_it_is_folded_fits_into_the_index(people, text):
    alice, bob = people("alice", "bob")
    conversation = alice.group(bob)
    message = alice.send(conversation, text)
    assert message["text"] == text
    edited = alice.request("PATCH", f"/messages/{message['id']}", json={"text": "more " + text})
    assert edited.status_code == 200, edited.text
    found(alice, text[:500])
