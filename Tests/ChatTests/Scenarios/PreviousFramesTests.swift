import ChatModel
import Foundation
import NIOCore
import Testing

@testable import Chat
@testable import ClusterBus

/// Servers of the version before tell this one's in their own words (Tests/e2e/cluster/previous/README.md).
@Suite struct PreviousFramesTests {
    private func frames() throws -> [BusFrame] {
        let file = URL(filePath: #filePath).appending(path: "../../../e2e/cluster/previous/frames.json").standardized
        return try JSONDecoder().decode([String].self, from: try Data(contentsOf: file)).map { text in
            // Without the version and the signature, which is another in each database.
            let bytes = Array(text.utf8)
            #expect(bytes.first == UInt8(ascii: "1"))
            return try FrameCodec.decodeVerified(ByteBuffer(bytes: bytes[1..<53] + bytes[FrameCodec.overhead...]))
        }
    }

    private func events() throws -> [BusEvent] {
        try frames().flatMap { frame -> [BusEvent] in
            guard case .events(let events) = frame.body else { return [] }
            return events
        }
    }

    @Test func eachPathAndKindIsUnderstood() throws {
        let frames = try frames()
        #expect(Set(frames.map(\.head.path)) == Set(BusFrame.Path.allCases))
        #expect(frames.contains { if case .hints(let hints) = $0.body { !hints.isEmpty } else { false } })
        let kinds = Set(try events().map(\.kind))
        // A cut is told where something went wrong.
        #expect(kinds.isSuperset(of: BusEvent.Kind.known.subtracting([.cut])))
        #expect(kinds.isSubset(of: BusEvent.Kind.known))
    }

    @Test func whatTheyTellIsReadAsItIsWritten() throws {
        for event in try events() {
            let text = try #require(RelayedText(event.payload), "\(event)")
            #expect(text.bytes == event.payload)
            switch event.kind {
            case .message, .messageChange:
                #expect(text.parts.allSatisfy { $0.words.count == 2 && MessageID($0.words[0]) != nil })
                #expect(event.revision > 0 && (event.seq > 0) == (event.kind == .message))
            case .members, .conversation: #expect(RelayedNews(words: text.words).words == text.words)
            case .typing: #expect(text.words.count == 2 && UserID(text.words[0]) != nil)
            case .presence: #expect(text.words == ["stop"] || text.words.allSatisfy { UserID($0.dropFirst()) != nil })
            case .profile, .cut: #expect(text.words.allSatisfy { UserID($0) != nil })
            case .block: #expect(text.words.count == 3)
            case .settings: #expect(text.words.first.flatMap { UserID($0) } != nil)
            default: break
            }
        }
    }

    /// A kind of a later version that this one does not know is a hint, and a frame of a later version is none.
    @Test func aLaterVersionIsLookedUp() throws {
        let frames = try frames()
        let (frame, event) = try #require(
            frames.lazy.compactMap { frame -> (BusFrame, BusEvent)? in
                guard case .events(let events) = frame.body, let event = events.first(where: { $0.revision > 0 }) else {
                    return nil
                }
                return (frame, event)
            }.first)
        var (later, unknown) = (frame, event)
        unknown.kind = BusEvent.Kind(rawValue: UInt8(ascii: "Z"))
        later.body = .events([unknown])
        var receiver = FrameReceiver(own: NodeIdentity(number: 9, epoch: UUID()), timeline: 0, metrics: BusMetrics())
        #expect(
            receiver.receive(later, at: later.head.sentAt).inputs
                == [.began(later.head.node), .hints([BusHint(event.conversation, event.revision)])])
    }
}
