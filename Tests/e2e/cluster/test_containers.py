"""The files of deploy/container agree with what they are made from: no container engine runs where the tests run."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
CONTAINER = ROOT / "deploy/container"


def directives(path):
    """A file of HAProxy without comments and blank lines."""
    lines = (line.strip() for line in path.read_text().splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def test_the_balancer_is_the_one_that_the_tests_run_with_other_addresses():
    expected = []
    for line in directives(ROOT / "deploy/haproxy.cfg"):
        if "n3" in line:
            continue
        line = line.replace("bind 127.0.0.1:8080", "bind :8080")
        expected.append(re.sub(r"127\.0\.0\.1:808(\d)", r"server\1:8080", line))
    assert directives(CONTAINER / "haproxy.cfg") == expected


@pytest.mark.skipif(shutil.which("haproxy") is None, reason="not installed")
def test_haproxy_accepts_it(tmp_path):
    # The names of the servers are known in the network of the containers only.
    config = tmp_path / "haproxy.cfg"
    config.write_text(re.sub(r"server(\d):8080", r"127.0.0.1:808\1", (CONTAINER / "haproxy.cfg").read_text()))
    check = subprocess.run(["haproxy", "-c", "-f", config], capture_output=True, text=True, timeout=30)
    assert check.returncode == 0, check.stderr


def test_every_setting_of_the_servers_exists():
    known = set(re.findall(r"^#?\s*([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.M))
    services = yaml.safe_load((CONTAINER / "compose.yaml").read_text())["services"]
    numbers = []
    for name in ("server1", "server2"):
        settings = services[name]["environment"]
        assert set(settings) <= known
        numbers.append(settings["NODE_NUMBER"])
    assert numbers == ["1", "2"]


def test_the_image_runs_the_program_as_its_account():
    image = directives(CONTAINER / "Containerfile")
    assert "USER parley" in image
    assert 'CMD ["/usr/bin/parley", "serve"]' in image
