import NIOCore
import Testing

@testable import EngineIO

@Suite struct PermessageDeflateTests {
    @Test func negotiatesDeflate() {
        func isAccepted(_ offer: String) -> Bool { DeflateParameters.negotiate(offers: [offer], threshold: 0) != nil }
        #expect(isAccepted("permessage-deflate"))
        #expect(isAccepted("permessage-deflate; client_max_window_bits"))
        #expect(isAccepted("x-other, permessage-deflate; server_no_context_takeover; client_max_window_bits=10"))
        for bits in 8...15 { #expect(isAccepted("permessage-deflate; client_max_window_bits=\(bits)")) }
        for value in ["99", "7", "16", "08", "", "a", "\"8"] {
            #expect(!isAccepted("permessage-deflate; client_max_window_bits=\(value)"))
            #expect(!isAccepted("permessage-deflate; server_max_window_bits=\(value)"))
        }
        #expect(!isAccepted("permessage-deflate; server_max_window_bits"))
        #expect(!isAccepted("permessage-deflate; server_no_context_takeover=1"))
        #expect(!isAccepted("permessage-deflate; client_max_window_bits; client_max_window_bits=9"))
        #expect(!isAccepted("permessage-deflate; unknown"))
        #expect(!isAccepted("permessage-deflate; client_max_window_bits; client_max_window_bits"))
        #expect(!isAccepted(""))
    }

    /// The client has no larger window than it says: a reference further back would be an error there.
    @Test(arguments: 8...15)
    func deflatesWithinTheClientsWindow(bits: Int) throws {
        let offer = "permessage-deflate; server_max_window_bits=\(bits)"
        let agreed = try #require(DeflateParameters.negotiate(offers: [offer], threshold: 0))
        #expect(agreed.response.contains("server_max_window_bits=\(bits)"))
        var random = SystemRandomNumberGenerator()
        let pieces = (0..<40).map { _ in
            (0..<Int.random(in: 3...40)).map { _ in UInt8.random(in: 0...255, using: &random) }
        }
        let payload = ByteBuffer(bytes: (0..<20_000).flatMap { _ in pieces.randomElement(using: &random) ?? [] })
        let deflated = try #require(Deflater(agreed.parameters).deflate(payload))
        #expect(deflated.readableBytes < payload.readableBytes)
        #expect(try Inflater(maxSize: payload.readableBytes, windowBits: bits).inflate(deflated) == payload)
    }

    @Test(arguments: [1, 100, 70_000, 1_000_000])
    func inflatesWhatItDeflated(size: Int) throws {
        let payload = ByteBuffer(bytes: (0..<size).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) })
        let deflated = try #require(Deflater(DeflateParameters(threshold: 0)).deflate(payload))
        #expect(try Inflater(maxSize: size).inflate(deflated) == payload)
        #expect(throws: InflateError.tooLarge) { try Inflater(maxSize: size - 1).inflate(deflated) }
    }

    @Test func leavesShortMessagesAlone() {
        #expect(Deflater(DeflateParameters(threshold: 10)).deflate(ByteBuffer(string: "short")) == nil)
    }
}
