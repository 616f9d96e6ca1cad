import ChatModel
import Crypto
import NIOCore
import Testing

@testable import ClusterBus

@Suite struct FrameCodecTests {
    private let codec = FrameCodec.test()
    private let head = BusFrame.Head(
        node: node(1023), path: .events, counter: .max - 1, timeline: .max, sentAt: -5)

    private func frame(_ events: [BusEvent]) -> BusFrame { BusFrame(head: head, body: .events(events)) }

    private let events: [BusEvent] = [
        .message(.make(), 1, #"{"text":"ä😀"}"#), BusEvent(.typing, .make(), payload: ByteBuffer(string: "x")),
        BusEvent(.members, .make(), revision: .max, seq: 1 << 47, payload: ByteBuffer()),
        BusEvent(BusEvent.Kind(rawValue: UInt8(ascii: "?")), .unknown, revision: 3),
    ]

    @Test func aFrameIsReadAsItWasWritten() throws {
        for events in [[], [events[0]], events] {
            let text = codec.encode(frame(events))
            #expect(try codec.decode(text) == frame(events))
            #expect(text.readableBytes == FrameCodec.overhead + events.reduce(0) { $0 + FrameCodec.size(of: $1) })
        }
    }

    @Test func itIsTextWithoutNul() {
        let text = codec.encode(frame(events))
        let bytes = Array(text.readableBytesView)
        #expect(String(validating: bytes, as: UTF8.self) != nil)
        #expect(!bytes.contains(0))
    }

    @Test func asManyHintsAsOneFrameHoldsFitANotification() throws {
        var head = head
        head.path = .hints
        let hints = (0..<BusHint.maxInFrame).map { BusHint(.make(), $0) }
        let text = codec.encode(BusFrame(head: head, body: .hints(hints)))
        #expect(text.readableBytes <= 7900)
        #expect(try codec.decode(text) == BusFrame(head: head, body: .hints(hints)))
    }

    // MARK: Strangers

    @Test func everyByteIsSigned() {
        let text = Array(codec.encode(frame(events)).readableBytesView)
        for place in text.indices {
            var changed = text
            changed[place] ^= 1
            #expect(throws: FrameError.self) { try codec.decode(ByteBuffer(bytes: changed)) }
        }
        for count in text.indices {
            #expect(throws: FrameError.self) { try codec.decode(ByteBuffer(bytes: text[..<count])) }
        }
        #expect(throws: FrameError.wrongSignature) { try codec.decode(ByteBuffer(bytes: text + [65])) }
    }

    @Test func anotherSecretOrDatabaseIsAStranger() {
        let text = codec.encode(frame(events))
        #expect(throws: FrameError.wrongSignature) { try FrameCodec.test(2).decode(text) }
        #expect(throws: FrameError.wrongSignature) { try FrameCodec.test(scope: "1:other").decode(text) }
    }

    @Test func theSecretBeforeIsAccepted() throws {
        let (old, new) = (SymmetricKey(data: [1]), SymmetricKey(data: [2]))
        let turned = FrameCodec(secrets: [new, old], scope: "1:test")
        #expect(try turned.decode(codec.encode(frame(events))) == frame(events))
        #expect(try FrameCodec.test(2).decode(turned.encode(frame(events))) == frame(events))
    }

    @Test func anotherVersionIsTold() {
        var bytes = Array(codec.encode(frame([])).readableBytesView)
        bytes[0] = UInt8(ascii: "2")
        #expect(throws: FrameError.unknownVersion) { try codec.decode(ByteBuffer(bytes: bytes)) }
        #expect(throws: FrameError.tooLarge) { try codec.decode(ByteBuffer(repeating: 49, count: 1 << 20 + 1)) }
    }

    // MARK: Signed nonsense

    @Test func signedBytesThatAreNoFrameAreRefused() {
        let text = Array(codec.encode(frame([events[0]])).readableBytesView)
        let head = ByteBuffer(bytes: text[..<53])
        let body = text[FrameCodec.overhead...]
        for count in body.indices.dropFirst() {
            #expect(throws: FrameError.malformed) {
                try codec.decode(codec.seal(head, ByteBuffer(bytes: body[..<count])))
            }
        }
        var path = head
        path.setBytes(Array("AwAA".utf8), at: 1)
        #expect(throws: FrameError.malformed) { try codec.decode(codec.seal(path, ByteBuffer())) }
    }

    /// The fuzzer's entry reads what is behind a signature.
    @Test func aFrameIsReadWithoutItsSignature() throws {
        var hints = BusFrame(head: head, body: .hints([BusHint(.make(), 7)]))
        hints.head.path = .hints
        for frame in [frame([]), frame(events), hints] {
            let text = FrameCodec.encodeUnsigned(frame)
            #expect(try FrameCodec.decodeVerified(text) == frame)
            let signed = Array(codec.encode(frame).readableBytesView)
            #expect(Array(text.readableBytesView) == Array(signed[1..<53]) + Array(signed[FrameCodec.overhead...]))
            for count in 0..<text.readableBytes {
                if let part = try? FrameCodec.decodeVerified(text.getSlice(at: 0, length: count) ?? text) {
                    #expect(part != frame)
                }
            }
        }
    }

    @Test func randomSignedBytesNeverTrap() {
        var random = SeededGenerator(seed: 3)
        let letters = Array("ABCabc0123456789-_mu".utf8)
        let head = ByteBuffer(bytes: Array(codec.encode(frame([])).readableBytesView)[..<53])
        for _ in 0..<3000 {
            let body = (0..<Int.random(in: 0...100, using: &random)).map { _ in
                letters.randomElement(using: &random) ?? 0
            }
            var start = head
            if random.chance(0.5) { start.setBytes(body.prefix(52), at: 1) }
            _ = try? codec.decode(codec.seal(start, ByteBuffer(bytes: body)))
        }
    }
}
