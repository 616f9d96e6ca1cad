import ChatModel
import Crypto
import Foundation
import NIOCore
import Synchronization
import Testing

@testable import ClusterBus

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

    mutating func chance(_ probability: Double) -> Bool { Double.random(in: 0..<1, using: &self) < probability }
}

extension FrameCodec {
    static func test(_ secret: UInt8 = 1, scope: String = "1:test") -> FrameCodec {
        FrameCodec(secrets: [SymmetricKey(data: [secret])], scope: scope)
    }
}

extension BusFrame.Head {
    static func test(
        _ node: NodeIdentity, _ counter: UInt64, path: BusFrame.Path = .events, timeline: UInt32 = 1,
        sentAt: Int64? = nil
    ) -> BusFrame.Head {
        BusFrame.Head(
            node: node, path: path, counter: counter, timeline: timeline,
            sentAt: sentAt ?? sent.wrappingAdd(1, ordering: .relaxed).newValue)
    }

    /// Each is sent later than the one that was made before it: at some microseconds.
    private static let sent = Atomic<Int64>(0)
}

extension BusEvent {
    static func message(_ conversation: ConversationID, _ revision: Int, _ text: String = "{}") -> BusEvent {
        BusEvent(.message, conversation, revision: revision, seq: revision, payload: ByteBuffer(string: text))
    }
}

func node(_ number: UInt16) -> NodeIdentity { NodeIdentity(number: number, epoch: UUID()) }

/// Asks again and again until the answer is yes; fails the test after five minutes, when it counts as hung.
func eventually(
    _ what: Comment, sourceLocation: SourceLocation = #_sourceLocation, _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + .seconds(300)
    while ContinuousClock.now < deadline {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(5))
    }
    Issue.record(what, sourceLocation: sourceLocation)
}
