"""A link's card is made by the server that stored the message, and seen at all."""

import copy

from cluster import Cluster
from parley import until
from pictures import picture
from site_server import Site


def test_a_card_comes_to_every_server(postgres, tmp_path):
    settings = {"LINK_CARDS": "on", "LINK_CARDS_ALLOW": "127.0.0.1"}
    with Site() as site, Cluster(postgres.clone(), tmp_path, count=2, **settings) as cluster:
        first, second = cluster.servers[1], cluster.servers[2]
        site.pages["/p.jpg"] = (200, {"Content-Type": "image/jpeg"}, picture("jpg"))
        url = site.page("/", "The title", site.meta("og:image", "/p.jpg"))
        ana, bo = first.person("ana"), second.person("bo")
        conversation = ana.direct(bo)
        with ana.connect() as a, bo.connect() as b:
            sent = a.send(conversation, url)
            seen = b.wait_for("message:updated", lambda m: m["id"] == sent["id"])
            assert seen["card"]["title"] == "The title"
            assert second.request("GET", seen["card"]["picture"]["thumbnails"][0]["url"]).status_code == 200
            # Once, by one of them.
            assert len(site.visited("/")) == 1
            elsewhere = copy.copy(ana)
            elsewhere.server = second
            assert elsewhere.request("DELETE", f"/messages/{sent['id']}/card").status_code == 200
            a.wait_for("message:updated", lambda m: m["id"] == sent["id"] and "card" not in m)
            until(
                lambda: first.request("GET", seen["card"]["picture"]["thumbnails"][0]["url"]).status_code == 410,
                "the picture to go")
