import NIOCore
import NIOHTTP1
import NIOWebSocket

@testable import EngineIO
@testable import SocketIO

/// libFuzzer calls this with each input (https://llvm.org/docs/LibFuzzer.html). The first byte selects a decoder, and the
/// rest is a client's data. Only `make fuzz` builds this; the tests run the same decoders on seeded random bytes.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    let input = UnsafeBufferPointer(start: data, count: size)
    guard let choice = input.first else { return 0 }
    let bytes = ByteBuffer(bytes: input.dropFirst())
    switch choice % 6 {
    case 0:
        _ = try? PollingPayload.decode(bytes, maxPackets: 100)
    case 1:
        var decoder = SocketPacketDecoder(maxAttachments: 3)
        // A separator splits messages, so packets with attachments are reached.
        for part in bytes.readableBytesView.split(separator: 0x1e, omittingEmptySubsequences: false) {
            let message = ByteBuffer(bytes: part)
            _ = try? decoder.receive(part.first == 0 ? .binary(message) : .text(message))
        }
    case 2:
        _ = try? JSONScanner.kind(of: bytes)
    case 3:
        fuzzFrames(bytes)
    case 4:
        _ = try? Inflater(maxSize: 100_000).inflate(bytes)
    default:
        let uri = String(buffer: bytes)
        _ = try? EngineRequest(method: .GET, uri: uri, isWebSocketUpgrade: false, transports: [.polling])
    }
    return 0
}

/// A client's bytes after the upgrade, in two pieces.
private func fuzzFrames(_ bytes: ByteBuffer) {
    var rest = bytes
    var parser = WebSocketFrameParser(maxFrameSize: 1000)
    var assembler = WebSocketAssembler(maxMessageSize: 1000, allowsDeflate: true)
    for count in [bytes.readableBytes / 2, bytes.readableBytes - bytes.readableBytes / 2] {
        guard let piece = rest.readSlice(length: count) else { return }
        parser.receive(piece)
        while let frame = try? parser.next() { _ = assembler.receive(frame) }
    }
}
