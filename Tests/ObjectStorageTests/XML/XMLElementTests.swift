import Testing

@testable import ObjectStorage

@Suite struct XMLElementTests {
    private func parse(_ text: String) throws -> XMLElement { try XMLElement.parse(Array(text.utf8)) }

    @Test func elementsTextAndReferencesAreRead() throws {
        let root = try parse(
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <!-- a list --><List xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
              <Empty/><Key a='>'>a&amp;b&lt;&#252;&#x1F600;&quot;</Key><Key>2</Key>
            </List >
            """)
        #expect(root.name == "List")
        #expect(root.all("Key").map(\.text) == ["a&b<ü😀\"", "2"])
        #expect(root["Empty"] == "" && root["None"] == nil)
    }

    @Test(arguments: [
        "", "text", "<a>", "<a></b>", "<a><b></a></b>", "</a>", "<a>&unknown;</a>", "<a>&#xD800;</a>", "<a>&", "<>",
        "<a b=\"",
        "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>", "<a><![CDATA[x]]></a>",
        String(repeating: "<a>", count: 9) + String(repeating: "</a>", count: 9),
        "<a>" + String(repeating: "<b/>", count: 20_001) + "</a>",
    ])
    func everythingElseIsRefused(_ text: String) {
        #expect(throws: XMLElement.Malformed.self) { try parse(text) }
    }

    /// Nothing that comes by the network ends the process.
    @Test func cutAndChangedAnswersAreReadOrRefused() {
        let good = Array(
            "<?xml version=\"1.0\"?><L a=\"b\"><K>x&amp;y</K><!-- c --><E/><S>12</S></L>".utf8)
        for cut in good.indices { _ = try? XMLElement.parse(good[..<cut]) }
        for index in good.indices {
            for byte in Array("<>&;/\"'! x\0".utf8) {
                var changed = good
                changed[index] = byte
                _ = try? XMLElement.parse(changed)
            }
        }
    }
}
