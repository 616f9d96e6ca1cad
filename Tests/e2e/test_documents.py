"""PDFs: everybody gets the bytes as they were sent, and sees the first page."""

import pytest

from documents import pdf


@pytest.mark.parametrize("how", ["form", "raw"])
def test_a_pdf_shows_its_first_page(server, people, how):
    alice, bob = people("alice", "bob")
    content = pdf(f"Quarterly report by {how}", "second")
    if how == "form":
        upload = alice.upload(content, "report.pdf")
    else:
        upload = alice.request("PUT", "/upload/report.pdf", data=content).json()["uploads"][0]
    assert (upload["kind"], upload["type"]) == ("file", "application/pdf")
    assert "width" not in upload and "cleaned" not in upload and "visibility" not in upload
    assert [thumbnail["size"] for thumbnail in upload["thumbnails"]] == ["small", "medium", "large"]
    assert upload["thumbnails"][-1]["height"] == 1280 and upload["blurhash"]
    conversation = alice.direct(bob)
    alice.send(conversation, "", attachments=[upload["id"]])
    [received] = bob.get(f"/messages?conversationId={conversation}").json()["messages"][-1]["attachments"]
    assert server.request("GET", received["url"]).content == content
    for thumbnail in received["thumbnails"]:
        answer = server.request("GET", thumbnail["url"])
        assert answer.status_code == 200 and answer.headers["Content-Type"] == "image/webp"
    [item] = bob.get(f"/conversations/{conversation}/media?kind=files").json()["items"]
    assert item["attachment"]["thumbnails"]


@pytest.mark.parametrize("content", [b"%PDF-1.7\n" + bytes(100), b"%PDF-1.4\n%%EOF\n", pdf()])
def test_a_pdf_without_a_page_is_a_file_for_everybody(server, people, content):
    alice, bob = people("alice", "bob")
    upload = alice.upload(content, "paper.pdf")
    assert upload["kind"] == "file" and upload["thumbnails"] == [] and "visibility" not in upload
    conversation = alice.direct(bob)
    alice.send(conversation, "", attachments=[upload["id"]])
    [received] = bob.get(f"/messages?conversationId={conversation}").json()["messages"][-1]["attachments"]
    assert server.request("GET", received["url"]).content == content
