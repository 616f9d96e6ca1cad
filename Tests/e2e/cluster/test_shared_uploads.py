"""Resumable uploads in a directory that all servers share."""


from cluster import Cluster
from parley import assert_problem, until
from tus_requests import begin_patch, create, head, patch
from uploading import noise

MIB = 1 << 20


def is_locked(path):
    """Whether somebody holds the file's lock. Asks the kernel, which disturbs nothing."""
    with open("/proc/locks") as locks:
        return any(line.split()[1] == "FLOCK" and line.split()[5].endswith(f":{path.stat().st_ino}") for line in locks)


def test_while_one_server_writes_another_answers_409(postgres, tmp_path):
    database = postgres.clone()
    with Cluster(database, tmp_path, count=2) as cluster:
        first, second = cluster.servers.values()
        alice, content = first.person(), noise(2 * MIB)
        location = create(alice, len(content)).headers["Location"]
        with begin_patch(alice, location, 0, MIB) as writing:
            writing.sendall(content[:1000])
            name = location.split("/")[-1]
            [file] = [path for path in (cluster.directory / "uploads").rglob("*") if name in path.name.lower()]
            until(lambda: is_locked(file), "the first server to write")
            alice.server = second
            assert_problem(patch(alice, location, 0, noise(MIB)), 409, "upload_offset_mismatch")
            writing.sendall(content[1000:MIB])
            assert writing.recv(4096).startswith(b"HTTP/1.1 204 ")
        until(lambda: not is_locked(file), "the first server to let go")
        assert head(alice, location) == MIB
        assert patch(alice, location, MIB, content[MIB:]).status_code == 204
        upload = alice.get(location).json()
        for server in (first, second):
            assert server.request("GET", upload["url"]).content == content
    postgres.drop(database)
