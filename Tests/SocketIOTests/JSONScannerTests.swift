import Foundation
import NIOCore
import RealtimeTesting
import Testing

@testable import SocketIO

@Suite struct JSONScannerTests {
    private func elements(_ text: String, attachments: Int? = nil) throws(JSONError) -> [String] {
        try JSONScanner.elements(of: ByteBuffer(string: text), attachments: attachments).map { String(buffer: $0.text) }
    }

    @Test(arguments: [
        ("[]", []),
        (" [ ] ", []),
        ("[1]", ["1"]),
        (#"["a,]\"",{"b":[1,2]},[[]],null]"#, [#""a,]\"""#, #"{"b":[1,2]}"#, "[[]]", "null"]),
        ("[ -0.5e+10 , true\n,\tfalse ]", ["-0.5e+10", "true", "false"]),
        (#"["\u00e9\ud83d","é"]"#, [#""\u00e9\ud83d""#, "\"é\""]),
    ])
    func findsElements(text: String, elements: [String]) throws {
        #expect(try self.elements(text) == elements)
    }

    @Test(arguments: [
        "", "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1]]", "[1] 2", "{}", "1", "[01]", "[1.]", "[.5]", "[1e]", "[+1]",
        "[-]",
        "[tru]", "[nul]", "[truex]", "[\"]", "[\"\\x\"]", "[\"\\u12g4\"]", "[\"\u{1}\"]", "[{]", "[{1:2}]", "[{\"a\"}]",
        "[{\"a\":}]", "[{\"a\":1,}]", "[{\"a\" 1}]", "[NaN]", "['a']", "[1 2]",
    ])
    func refuses(text: String) {
        #expect(throws: JSONError.self) { try elements(text) }
    }

    @Test func boundsDepth() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(try elements(nested(JSONScanner.maxDepth)).count == 1)
        #expect(throws: JSONError.tooDeep) { try elements(nested(JSONScanner.maxDepth + 1)) }
        let object = "[" + String(repeating: "{\"a\":", count: 200_000)
        #expect(throws: JSONError.tooDeep) { try elements(object) }
    }

    @Test func boundsElements() throws {
        let text = ByteBuffer(string: "[1,2,3]")
        #expect(try JSONScanner.elements(of: text, limit: 3).count == 3)
        #expect(throws: JSONError.tooMany) { try JSONScanner.elements(of: text, limit: 2) }
    }

    @Test func findsMembers() throws {
        func members(_ json: String, atMost limit: Int = 3) throws -> [String]? {
            try JSONFragment(json: json).members(atMost: limit)?.map { "\($0.name)=\($0.value)" }
        }
        #expect(try members(#" {"a" : 1, "" : [2,{}], "a":"x" } "#) == ["a=1", "=[2,{}]", #"a="x""#])
        #expect(try members(#"{"\u0061\n\ud83d\ude00":null}"#) == ["a\n😀=null"])
        #expect(try members("{}") == [])
        for none in ["[]", "1", #""a""#, #"{"a":1"#, #"{"a":1,}"#, #"{"\ud83d":1}"#, "{} x"] {
            #expect(try members(none) == nil, "\(none)")
        }
        #expect(throws: JSONFragment.TooManyMembers.self) { try members(#"{"a":1,"b":2,"c":3}"#, atMost: 2) }
    }

    @Test func checksPlaceholders() throws {
        let good = #"[{"_placeholder":true,"num":0},{"a":[{"num":1,"_placeholder":true}]}]"#
        #expect(try elements(good, attachments: 2).count == 2)
        #expect(throws: JSONError.invalidPlaceholder) { try elements(good, attachments: 1) }
        for bad in [
            #"[{"_placeholder":true}]"#, #"[{"_placeholder":true,"num":-1}]"#, #"[{"_placeholder":true,"num":0.0}]"#,
            #"[{"_placeholder":true,"num":"0"}]"#, #"[{"_placeholder":true,"num":99999999999999999999}]"#,
        ] {
            #expect(throws: JSONError.invalidPlaceholder) { try elements(bad, attachments: 1) }
            #expect(try elements(bad).count == 1, "a packet without attachments has no placeholders")
        }
        #expect(try elements(#"[{"_placeholder":false,"num":7}]"#, attachments: 1).count == 1)
    }

    @Test func whatComesFromOutsideIsOneTextInUTF8() {
        func isJSON(_ bytes: [UInt8]) -> Bool { JSONFragment(checking: ByteBuffer(bytes: bytes)) != nil }
        for text in ["{}", " [1, \"é\"] \r\n", "null", "0", #""\ud83d""#] {
            #expect(isJSON(Array(text.utf8)), "\(text)")
        }
        for text in ["", " ", "{} {}", "{,}", "[1,]", "\u{FEFF}{}", "{}\0", "/**/{}"] {
            #expect(!isJSON(Array(text.utf8)), "\(text)")
        }
        // Not UTF-8: Latin-1, a surrogate, a longer form than needed, a character cut short.
        for bytes: [UInt8] in [[0xE9], [0xED, 0xA0, 0x80], [0xC0, 0xAF], [0xF0, 0x9F, 0x91]] {
            #expect(!isJSON([0x22] + bytes + [0x22]))
        }
        #expect(!isJSON(Array("{}".utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] })))
        #expect(!isJSON(Array(String(repeating: "[", count: 100_000).utf8)))
    }

    /// What the scanner accepts, Foundation can read, lone surrogates and numbers out of range apart. (Not the other way
    /// round: Foundation accepts a comma before a closing bracket.)
    @Test func acceptsNothingThatFoundationRefuses() {
        var generator = SeededGenerator(seed: 6)
        let alphabet = Array(#"[]{},:"\un0123eE+-.truefalsn "#.utf8)
        var accepted = 0
        for _ in 0..<60_000 {
            let length = Int.random(in: 0...14, using: &generator)
            let body = (0..<length).map { _ in alphabet.randomElement(using: &generator) ?? 0 }
            let bytes = [UInt8(ascii: "[")] + body + [UInt8(ascii: "]")]
            guard (try? JSONScanner.elements(of: ByteBuffer(bytes: bytes))) != nil else { continue }
            accepted += 1
            let isJSON = (try? JSONSerialization.jsonObject(with: Data(bytes))) != nil
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(isJSON || text.contains("\\u") || text.contains("e") || text.contains("E"), "\(text)")
        }
        #expect(accepted > 100)
    }
}
