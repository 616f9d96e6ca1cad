import Testing

@testable import EngineIO

@Suite struct UTF8ValidatorTests {
    @Test func checksUTF8AcrossPieces() {
        let text = Array("aé€\u{10ffff}\u{d7ff}".utf8)
        for split in 0...text.count {
            var validator = UTF8Validator()
            let isValid = validator.consume(text[..<split]) && validator.consume(text[split...])
            #expect(isValid && validator.isComplete)
        }
        for invalid: [UInt8] in [[0xc0], [0xe0, 0x9f], [0xed, 0xa0], [0xf0, 0x8f], [0xf4, 0x90], [0xf5], [0x80]] {
            var validator = UTF8Validator()
            let isValid = validator.consume(invalid)
            #expect(!isValid)
        }
    }
}
