import Foundation
import NIOCore
import Testing

@testable import ClusterBus

@Suite struct Base64TextTests {
    @Test func itIsTheStandardsWithTheURLsAlphabet() {
        var random = SeededGenerator(seed: 1)
        for count in stride(from: 0, through: 60, by: 3) {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            var text = ByteBuffer()
            bytes.withUnsafeBytes { Base64Text.write($0, to: &text) }
            let expected = Data(bytes).base64EncodedString()
                .replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
            #expect(String(buffer: text) == expected)
            #expect(read(expected) == bytes)
        }
    }

    @Test(arguments: ["AAA=", "A+AA", "A/AA", "AA A", "ÄAA", "AA\u{0}A"])
    func otherLettersAreRefused(_ text: String) {
        #expect(read(text) == nil)
    }

    private func read(_ text: String) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: text.utf8.count / 4 * 3)
        let isText = Array(text.utf8).withUnsafeBytes { text in
            bytes.withUnsafeMutableBytes { Base64Text.read(text, into: $0) }
        }
        return isText ? bytes : nil
    }
}
