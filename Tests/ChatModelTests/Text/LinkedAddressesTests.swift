import Testing

@testable import ChatModel

@Suite struct LinkedAddressesTests {
    @Test(arguments: [
        ("", []), ("no address", []), ("http://", []), ("https:// x", []), ("ftp://example.org", []),
        ("https://example.org", ["https://example.org"]),
        ("see HTTPS://Example.org/A?b=c#d, and http://b.c!", ["HTTPS://Example.org/A?b=c#d", "http://b.c"]),
        (
            "(https://example.org/a_(b)) and (https://example.org/c)",
            ["https://example.org/a_(b)", "https://example.org/c"]
        ),
        ("<https://example.org/>", ["https://example.org/"]), ("\"http://a.b\"", ["http://a.b"]),
        ("http://a.b http://a.b", ["http://a.b"]), ("http://bücher.example/ü", ["http://bücher.example/ü"]),
        ("http://[::1]:80/", ["http://[::1]:80/"]), ("a\nhttp://a.b\nb", ["http://a.b"]),
        ("hhttp://a.b", ["http://a.b"]),
    ])
    func addressesAreFound(text: String, expected: [String]) {
        #expect(LinkedAddresses(in: text).addresses == expected)
    }

    @Test func theirNumberAndLengthAreBounded() {
        let many = (0..<200).map { "http://a.b/\($0)" }.joined(separator: " ")
        #expect(LinkedAddresses(in: many).addresses.count == LinkedAddresses.max)
        #expect(LinkedAddresses(in: "http://a.b/" + String(repeating: "c", count: 2048)).addresses.isEmpty)
    }
}
