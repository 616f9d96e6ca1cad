"""The REST description is true: it has every route, and the server's answers match it."""

import collections
import re

import schemathesis
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import content_type_conformance, not_a_server_error, response_schema_conformance

from parley import ROOT

FILE = ROOT / "Sources/ParleyServer/Resources/openapi.yaml"
CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance]
DESCRIPTION = yaml.safe_load(FILE.read_text())


def test_the_server_serves_its_description(server):
    answer = server.request("GET", "/openapi.yaml")
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/yaml"
    assert answer.text == FILE.read_text(), "the server was built with another description"


def test_every_route_is_described():
    """Reads the routes from their registration, so a new one cannot be forgotten."""
    routes = set()
    for source in (ROOT / "Sources/ParleyServer/Routes").glob("*.swift"):
        for path in re.findall(r'router\.route\(\s*"([^"]+)"', source.read_text()):
            # Part of the Socket.IO half: there the server says where the client can be found.
            if not path.startswith("/socket.io/"):
                routes.add(re.sub(r":(\w+)", r"{\1}", path))
    assert routes == set(DESCRIPTION["paths"])


def test_what_the_server_answers_is_what_it_describes(server, people):
    """Makes up requests for every operation. Each answer must have a described status, type and shape, and be no 5xx."""
    alice, bob = people("alice", "bob")
    conversation = alice.direct(bob)
    # Real ids, because a made-up one would always be unknown.
    known = {
        "conversations": conversation, "messages": alice.send(conversation, "hello")["id"],
        "upload": alice.upload(b"a file")["id"], "users": bob.id}
    answers = collections.Counter()
    for result in schemathesis.openapi.from_dict(DESCRIPTION).get_all_operations():
        operation = result.ok()
        name = operation.definition.raw["operationId"]
        # The first two end the asking session. tus has tests of its own, and bodies that schemathesis cannot make.
        if name in ("logOut", "endSession", "continueUpload"):
            continue
        resource = operation.path.split("/")[1]

        @settings(max_examples=6, deadline=None, database=None, derandomize=True,
                  suppress_health_check=list(HealthCheck), phases=[Phase.generate])
        @given(case=operation.as_strategy())
        def check(case):
            if resource in known and "id" in case.path_parameters and name not in ("uploadBody", "deleteUpload"):
                case.path_parameters["id"] = known[resource]
            # Its rule about origins is not part of a shape.
            case.headers.pop("X-Parley-Cookie", None)
            answer = case.call(
                base_url=server.url, headers={"Authorization": f"Bearer {alice.token}"}, timeout=60)
            case.validate_response(answer, checks=CHECKS)
            answers[name] += answer.status_code < 400

        check()
    assert sum(1 for count in answers.values() if count) > 20, "most operations were seen to succeed as well"
