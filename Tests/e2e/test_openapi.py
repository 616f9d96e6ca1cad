"""The REST description is true: it has every route, and the server's answers match it."""

import collections
import json
import re

import jsonschema_rs
import schemathesis
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import content_type_conformance, not_a_server_error, response_schema_conformance

from parley import PATIENCE, ROOT

FILE = ROOT / "Sources/ParleyServer/Resources/openapi.yaml"
CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance]
DESCRIPTION = yaml.safe_load(FILE.read_text())
# What the server is bound to and what its encoders write: ParleyServerTests/API/APIOperationTests.swift keeps it up to date.
WIRE = json.loads((ROOT / "Tests/wire.json").read_text())


def test_the_server_serves_its_description(server):
    answer = server.request("GET", "/openapi.yaml")
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/yaml"
    assert answer.text == FILE.read_text(), "the server was built with another description"


def operations():
    """(method, path, operation) of the description."""
    for path, item in DESCRIPTION["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                yield method.upper(), path, operation


def access(operation):
    """Who may ask for it, in the words of the server's operation table."""
    security = operation.get("security", DESCRIPTION["security"])
    if not security:
        return "anyone"
    return "anyoneOrCaller" if {} in security else "caller"


def test_every_route_is_described():
    routes = {
        (route["method"], re.sub(r":(\w+)", r"{\1}", route["path"])): (route["operation"], route["access"])
        for route in WIRE["routes"]}
    described = {
        (method, path): (operation["operationId"], access(operation)) for method, path, operation in operations()}
    assert routes == described


def resolve(schema):
    if "$ref" in schema:
        return resolve(DESCRIPTION["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]])
    return resolve(schema["allOf"][0]) if "allOf" in schema else schema


def check_fields(schema, sample, where):
    """The full sample has every described field and no other, the sparse one the required fields and no other."""
    full, sparse = sample["full"], sample["sparse"]
    for value in (full, sparse):
        jsonschema_rs.validate({**schema, "components": DESCRIPTION["components"]}, value)
    check_all_fields(schema, full, where)
    assert set(sparse) == set(resolve(schema)["required"]), where


def check_all_fields(schema, value, where):
    schema = resolve(schema)
    if "properties" in schema:
        assert set(value) == set(schema["properties"]), where
        for name, field in value.items():
            check_all_fields(schema["properties"][name], field, f"{where}.{name}")
    elif schema.get("type") == "array":
        assert value, f"{where}: the sample has none"
        for item in value:
            check_all_fields(schema["items"], item, where)


def test_every_field_is_described():
    schemas = DESCRIPTION["components"]["schemas"]
    requests = {"NewConversation", "NewMessage"}
    assert set(WIRE["schemas"]) == {name for name, schema in schemas.items() if "properties" in schema} - requests
    for name, sample in WIRE["schemas"].items():
        check_fields({"$ref": f"#/components/schemas/{name}"}, sample, name)


def test_every_answer_is_described():
    checked, inline = [], []
    for _, _, operation in operations():
        for response in operation["responses"].values():
            schema = response.get("content", {}).get("application/json", {}).get("schema")
            if schema is None or "$ref" in schema:
                continue
            if operation["operationId"] in WIRE["answers"]:
                check_fields(schema, WIRE["answers"][operation["operationId"]], operation["operationId"])
                checked.append(schema["properties"])
            else:
                inline.append((operation["operationId"], schema["properties"]))
    assert len(checked) >= len(WIRE["answers"])
    for name, properties in inline:
        assert properties in checked, f"{name}: no sample has these fields"


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
                base_url=server.url, headers={"Authorization": f"Bearer {alice.token}"}, timeout=PATIENCE)
            case.validate_response(answer, checks=CHECKS)
            answers[name] += answer.status_code < 400

        check()
    assert sum(1 for count in answers.values() if count) > 20, "most operations were seen to succeed as well"
