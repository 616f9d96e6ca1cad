"""Debian packages, unpacked and not installed: that needs no rights, starts no service, and works where the machine has,
say, a node from elsewhere, beside which apt would not install them."""

import subprocess

from . import WORK


def unpack(name, *packages):
    """Fetches packages, without what they depend on, if this was not done before; the directory they are unpacked in."""
    directory = WORK / name
    done = directory / "unpacked"
    if not done.exists():
        directory.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", "-qq", *packages], cwd=directory, check=True, stderr=subprocess.DEVNULL)
        for package in directory.glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", package, directory], check=True)
        done.touch()
    return directory
