import NIOCore
import Testing

@testable import RedisClient

@Suite struct RESPDecoderTests {
    /// Bytes, and the values that they are.
    static let samples: [(String, [RESPValue])] = [
        ("+OK\r\n", [.simple("OK")]),
        ("+\r\n", [.simple("")]),
        ("-ERR no\r\n", [.error("ERR no")]),
        (":0\r\n:-12\r\n:9223372036854775807\r\n", [.integer(0), .integer(-12), .integer(.max)]),
        ("$5\r\na\r\nbc\r\n$0\r\n\r\n", [.bulk("a\r\nbc"), .bulk("")]),
        ("$-1\r\n*-1\r\n*0\r\n", [.null, .null, .array([])]),
        (
            "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$4\r\n\u{0}\u{1}\r\n\r\n+PONG\r\n",
            [.array([.bulk("message"), .bulk("c"), .bulk("\u{0}\u{1}\r\n")]), .simple("PONG")]
        ),
        ("*2\r\n*1\r\n:1\r\n*2\r\n$-1\r\n*0\r\n", [.array([.array([.integer(1)]), .array([.null, .array([])])])]),
    ]

    @Test(arguments: samples.indices)
    func aValueIsTheSameWhereverItsBytesAreSplit(_ sample: Int) throws {
        let (text, values) = Self.samples[sample]
        let bytes = Array(text.utf8)
        for split in 0...bytes.count {
            #expect(try decode([Array(bytes[..<split]), Array(bytes[split...])]) == values)
        }
        #expect(try decode(bytes.map { [$0] }) == values)
    }

    @Test(arguments: [
        ("?\r\n", RESPError.unknownType(63)), ("\r\n", .badLineEnd), ("\n", .badLineEnd), ("+a\n", .badLineEnd),
        ("+a\rb\r\n", .badLineEnd), (":\r\n", .badNumber), (":1a\r\n", .badNumber),
        (":99999999999999999999\r\n", .badNumber),
        ("$-2\r\n", .badLength), ("$x\r\n", .badLength), ("$99999999999\r\n", .badLength), ("*-2\r\n", .badLength),
        ("$1\r\nabc", .badLineEnd), ("$9999999\r\n", .valueTooLarge), ("*1025\r\n", .tooManyElements),
        ("*2\r\n*1023\r\n", .tooManyElements),
    ])
    func whatIsNotAValueIsRefused(_ text: String, _ error: RESPError) {
        #expect(throws: error) { try decode([Array(text.utf8)]) }
        #expect(throws: error) { try decode(text.utf8.map { [$0] }) }
    }

    @Test func arraysWithinArraysEnd() {
        #expect(throws: RESPError.nestedTooDeep) {
            try decode([Array(String(repeating: "*1\r\n", count: 9).utf8)])
        }
        #expect(throws: Never.self) { try decode([Array((String(repeating: "*1\r\n", count: 8) + ":1\r\n").utf8)]) }
    }

    @Test func aLineWithoutEndIsNotKept() {
        var decoder = RESPDecoder()
        decoder.receive(ByteBuffer(repeating: UInt8(ascii: "+"), count: 4096))
        #expect(throws: Never.self) { try decoder.next() }
        decoder.receive(ByteBuffer(string: "+"))
        #expect(throws: RESPError.lineTooLong) { try decoder.next() }
    }

    @Test func theLongestLineMayComeInAnyPieces() throws {
        let line = Array(("+" + String(repeating: "a", count: 4095) + "\r\n").utf8)
        for first in [line.count, 4095, 4096, 4097] {
            var decoder = RESPDecoder()
            decoder.receive(ByteBuffer(bytes: line[..<first]))
            let value = try decoder.next()
            decoder.receive(ByteBuffer(bytes: line[first...]))
            #expect(try value ?? decoder.next() == .simple(String(repeating: "a", count: 4095)))
        }
    }

    @Test func theStringsOfAValueAreBoundedTogether() {
        let half = "$\(3 << 20)\r\n" + String(repeating: "a", count: 3 << 20) + "\r\n"
        #expect(throws: Never.self) { try decode([Array((half + half).utf8)]) }
        #expect(throws: RESPError.valueTooLarge) { try decode([Array(("*2\r\n" + half + half).utf8)]) }
    }

    @Test func anErrorStays() {
        var decoder = RESPDecoder()
        decoder.receive(ByteBuffer(string: "!\r\n"))
        #expect(throws: RESPError.unknownType(33)) { try decoder.next() }
        decoder.receive(ByteBuffer(string: "+OK\r\n"))
        #expect(throws: RESPError.unknownType(33)) { try decoder.next() }
    }

    /// A large string in small pieces costs as much as in one.
    @Test func piecesAreLookedAtOnce() throws {
        var decoder = RESPDecoder()
        decoder.receive(ByteBuffer(string: "*200\r\n"))
        for _ in 0..<200 {
            decoder.receive(ByteBuffer(string: "$300\r\n"))
            for _ in 0..<300 { decoder.receive(ByteBuffer(string: "a")) }
            decoder.receive(ByteBuffer(string: "\r\n"))
        }
        guard case .array(let values)? = try decoder.next() else { return #expect(Bool(false)) }
        #expect(values.count == 200)
    }

    @Test func randomBytesNeverTrap() {
        var random = SeededGenerator(seed: 7)
        let alphabet = Array("+-:$*0123456789\r\n\r\n\r\nab".utf8)
        for _ in 0..<3000 {
            let bytes = (0..<Int.random(in: 1...60, using: &random)).map { _ in
                alphabet.randomElement(using: &random) ?? 0
            }
            let whole = Result { try decode([bytes]) }
            let pieces = Result { try decode(bytes.map { [$0] }) }
            #expect((try? whole.get()) == (try? pieces.get()))
        }
    }

    @discardableResult
    private func decode(_ pieces: [[UInt8]]) throws -> [RESPValue] {
        var decoder = RESPDecoder()
        var values: [RESPValue] = []
        for piece in pieces {
            decoder.receive(ByteBuffer(bytes: piece))
            while let value = try decoder.next() { values.append(value) }
        }
        return values
    }
}

extension RESPValue {
    static func bulk(_ text: String) -> RESPValue { .bulk(ByteBuffer(string: text)) }
}

/// Random numbers that are the same in each run (splitmix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
