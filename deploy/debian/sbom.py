#!/usr/bin/env python3
"""Prints the bill of materials of a package (SPDX 2.3, JSON).

    sbom.py VERSION PACKAGE.deb

It lists the Swift packages that are linked into the program, at the versions of Package.resolved, and the Debian packages
that the package depends on, at the versions that it was built with.
"""

import hashlib
import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def identifier(kind, name):
    return f"SPDXRef-{kind}-{re.sub(r'[^A-Za-z0-9.-]', '-', name)}"


def component(kind, name, version, url, *references):
    return {
        "SPDXID": identifier(kind, name), "name": name, "versionInfo": version, "downloadLocation": url,
        "filesAnalyzed": False, "licenseConcluded": "NOASSERTION", "licenseDeclared": "NOASSERTION",
        "copyrightText": "NOASSERTION",
        "externalRefs": [
            {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": reference}
            for reference in references],
    }


def swift_packages():
    for pin in json.loads((ROOT / "Package.resolved").read_text())["pins"]:
        url, state = pin["location"], pin["state"]
        version = state.get("version") or state["revision"]
        place = re.sub(r"^https?://|\.git$", "", url)
        yield component("Swift", pin["identity"], version, f"git+{url}@{state['revision']}", f"pkg:swift/{place}@{version}")


def debian_packages(package):
    depends = output("dpkg-deb", "--field", package, "Depends")
    for name in sorted({re.split(r"[ (:|]", clause.strip())[0] for clause in depends.split(",")}):
        version = output("dpkg-query", "--show", "--showformat", "${Version}", name)
        yield component("Debian", name, version, "NOASSERTION", f"pkg:deb/debian/{name}@{version}")


def main():
    version, package = sys.argv[1:]
    digest = hashlib.sha256(Path(package).read_bytes()).hexdigest()
    parley = component("Package", "parley", version, "NOASSERTION", f"pkg:deb/parley@{version}")
    parley |= {
        "licenseConcluded": "Apache-2.0", "licenseDeclared": "Apache-2.0", "packageFileName": Path(package).name,
        "checksums": [{"algorithm": "SHA256", "checksumValue": digest}],
    }
    swift, debian = list(swift_packages()), list(debian_packages(package))
    seconds = int(output("git", "-C", str(ROOT), "log", "-1", "--format=%ct"))
    document = {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": f"parley-{version}",
        "documentNamespace": f"urn:parley:{version}:{digest}",
        "creationInfo": {
            "created": datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), "creators": ["Tool: parley-sbom"]},
        "packages": [parley, *swift, *debian],
        "relationships": [
            {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": parley["SPDXID"]},
            *({"spdxElementId": parley["SPDXID"], "relationshipType": "STATIC_LINK", "relatedSpdxElement": each["SPDXID"]}
              for each in swift),
            *({"spdxElementId": parley["SPDXID"], "relationshipType": "DEPENDS_ON", "relatedSpdxElement": each["SPDXID"]}
              for each in debian),
        ],
    }
    json.dump(document, sys.stdout, indent=2)
    print()


main()
