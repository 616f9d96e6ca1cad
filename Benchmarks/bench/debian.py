"""Debian packages, unpacked instead of installed. That needs no privileges and starts no service. It also works where apt
would refuse, for example beside a node that came from elsewhere."""

import subprocess

from . import WORK


def unpack(name, *packages):
    """Fetches packages without their dependencies, unless done before. Returns the directory they are unpacked in."""
    directory = WORK / name
    done = directory / "unpacked"
    if not done.exists():
        directory.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", "-qq", *packages], cwd=directory, check=True, stderr=subprocess.DEVNULL)
        for package in directory.glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", package, directory], check=True)
        done.touch()
    return directory
