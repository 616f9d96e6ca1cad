import NIOCore
import Testing

@testable import ParleyServer

@Suite struct MultipartParserTests {
    private static let form =
        "preamble\r\n--bnd\r\nContent-Disposition: form-data; name=\"a\"; filename=\"a.txt\"\r\nX-More: 1\r\n\r\n"
        + "one\r\n--bn\r\ntwo\r\n--bnd \t\r\n\r\n\r\n--bnd\r\nA: b\r\n\r\n\r\n\r\n--bnd--\r\nepilogue"

    /// Runs of content are one event here, however they were cut.
    private func events(_ text: String, cutEvery length: Int) throws -> [MultipartParser.Event] {
        var parser = MultipartParser(boundary: "bnd")
        var events: [MultipartParser.Event] = []
        var rest = ByteBuffer(string: text)
        while let piece = rest.readSlice(length: min(length, rest.readableBytes)), piece.readableBytes > 0 {
            for event in try parser.feed(piece) {
                if case .bytes(let more) = event, case .bytes(var run)? = events.last {
                    run.writeImmutableBuffer(more)
                    events[events.count - 1] = .bytes(run)
                } else {
                    events.append(event)
                }
            }
        }
        try parser.finish()
        return events
    }

    @Test(arguments: 1...40)
    func aFormIsReadHoweverItsBytesCome(length: Int) throws {
        #expect(
            try events(Self.form, cutEvery: length) == [
                .began(["content-disposition": "form-data; name=\"a\"; filename=\"a.txt\"", "x-more": "1"]),
                .bytes(ByteBuffer(string: "one\r\n--bn\r\ntwo")), .ended,
                .began([:]), .ended,
                .began(["a": "b"]), .bytes(ByteBuffer(string: "\r\n")), .ended,
                .finished,
            ])
    }

    /// Content that is nearly a boundary nearly everywhere.
    @Test func whatLooksLikeABoundaryIsContent() throws {
        for pattern in ["\r", "\r\n", "\r\n-", "\r\n--", "\r\n--b", "\r\n--bn", "\r\r\n--bn", "\r\n--bn\r\n--b"] {
            let content = String(repeating: pattern, count: 30)
            for length in 7...20 {
                #expect(
                    try events("--bnd\r\n\r\n\(content)\r\n--bnd--", cutEvery: length) == [
                        .began([:]), .bytes(ByteBuffer(string: content)), .ended, .finished,
                    ])
            }
        }
    }

    @Test func noMoreThanABoundaryIsHeldBack() throws {
        var parser = MultipartParser(boundary: "bnd")
        _ = try parser.feed(ByteBuffer(string: "--bnd\r\n\r\n"))
        let sent = 100_000
        let received = try parser.feed(ByteBuffer(repeating: 0x0D, count: sent)).reduce(0) { count, event in
            if case .bytes(let bytes) = event { count + bytes.readableBytes } else { count }
        }
        #expect(sent - received < "\r\n--bnd".utf8.count)
    }

    @Test(arguments: [
        "", "--bnd", "--bnd\r\n", "--bnd\r\n\r\ncontent", "--bnd\r\n\r\ncontent\r\n--bnd",
        "--bnd\r\n\r\ncontent\r\n--bnd-",
        "no boundary at all",
    ])
    func aBodyCutShortIsMalformed(text: String) throws {
        var parser = MultipartParser(boundary: "bnd")
        _ = try parser.feed(ByteBuffer(string: text))
        #expect(throws: MultipartParser.Malformed.self) { try parser.finish() }
    }

    @Test(arguments: [
        "--bndX\r\n", "--bnd\r\nno colon\r\n\r\n", "--bnd\r\n\(String(repeating: "a", count: 20_000))",
        String(repeating: "--bnd\r\n\r\n\r\n", count: 101),
    ])
    func whatIsNoFormIsMalformed(text: String) {
        #expect(throws: MultipartParser.Malformed.self) {
            var parser = MultipartParser(boundary: "bnd")
            _ = try parser.feed(ByteBuffer(string: text))
        }
    }

    @Test(arguments: [
        ("multipart/form-data; boundary=abc", "abc"), ("Multipart/Form-Data;charset=x; Boundary=\"a b\"", "a b"),
        ("multipart/form-data", nil), ("multipart/mixed; boundary=abc", nil), ("multipart/form-data; boundary=", nil),
        ("multipart/form-data; boundary=\(String(repeating: "x", count: 71))", nil),
    ])
    func theBoundary(contentType: String, boundary: String?) {
        #expect(MultipartParser.boundary(of: contentType) == boundary)
    }
}
