import EngineIO
import NIOCore
import Testing

@testable import SocketIO

@Suite struct EncodedEventTests {
    private func event(_ number: Int, attachments: [ByteBuffer] = []) -> EncodedEvent {
        SocketPacketEncoder.event(
            namespace: "/", name: "n", arguments: [JSONFragment(json: "\(number)")], attachments: attachments)
    }

    private func frames(_ packets: [EncodedPacket]) -> [UInt8] {
        packets.flatMap { $0.webSocketFrame.readableBytesView }
    }

    @Test func anEventsFramesAreThoseOfItsPackets() {
        let event = event(1, attachments: [ByteBuffer(string: "one"), ByteBuffer(string: "two")])
        #expect(event.packets.count == 3)
        #expect(Array(event.frames.readableBytesView) == frames(event.packets))
    }

    @Test func joinedEventsFollowEachOther() {
        let events = [event(1), event(2, attachments: [ByteBuffer(string: "x")]), event(3)]
        let joined = EncodedEvent(joining: events)
        #expect(joined.packets.count == 4)
        #expect(Array(joined.frames.readableBytesView) == events.flatMap { frames($0.packets) })
        #expect(EncodedEvent(joining: []).frames.readableBytes == 0)
    }
}
