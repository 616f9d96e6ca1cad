"""A SeaweedFS for the session, and a bucket for each test."""

import pytest

from object_store import FaultProxy, Store


@pytest.fixture(scope="session")
def object_store(tmp_path_factory):
    with Store(tmp_path_factory.mktemp("weed")) as store:
        yield store


@pytest.fixture
def bucket(object_store):
    return object_store.make_bucket()


@pytest.fixture
def proxy(object_store):
    with FaultProxy(object_store) as proxy:
        yield proxy
