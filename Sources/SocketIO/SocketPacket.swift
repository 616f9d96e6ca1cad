import EngineIO
import NIOCore

/// A packet from a client (Socket.IO protocol revision 5).
enum SocketPacket: Equatable {
    case connect(namespace: String, auth: ByteBuffer?)
    case disconnect(namespace: String)
    case event(namespace: String, id: UInt64?, name: String, arguments: [JSONFragment], attachments: [ByteBuffer])
    case acknowledgement(namespace: String, id: UInt64, arguments: [JSONFragment], attachments: [ByteBuffer])
    /// A packet that only a server may send.
    case connectError(namespace: String)
}

enum SocketPacketError: Error, Equatable {
    case empty
    case unknownType
    case invalidAttachmentCount
    case invalidNamespace
    case invalidID
    case invalidPayload
    /// Text while attachments are awaited.
    case attachmentExpected
    /// An attachment without a packet.
    case unexpectedAttachment
}

/// Reads packets, and collects the attachments of binary ones.
struct SocketPacketDecoder {
    /// Names of the clients' local events. They are refused from the wire.
    static let reservedEvents: Set<String> = [
        "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener",
    ]

    /// In bytes. Looking names up takes time that grows with the square of their combining marks.
    private static let maxNameBytes = 256

    private let maxAttachments: Int
    private let maxArguments: Int
    private var pending: Pending?

    private struct Pending {
        var packet: SocketPacket
        var missing: Int
        var attachments: [ByteBuffer] = []
    }

    init(maxAttachments: Int, maxArguments: Int = 1000) {
        self.maxAttachments = maxAttachments
        self.maxArguments = maxArguments
    }

    /// - Returns: A packet, or nil if attachments are still missing.
    mutating func receive(_ message: EngineMessage) throws(SocketPacketError) -> SocketPacket? {
        switch message {
        case .text(let text):
            guard self.pending == nil else { throw .attachmentExpected }
            let (packet, attachments) = try decode(text)
            guard attachments > 0 else { return packet }
            self.pending = Pending(packet: packet, missing: attachments)
            return nil
        case .binary(let bytes):
            guard var pending = self.pending.take() else { throw .unexpectedAttachment }
            pending.attachments.append(bytes)
            pending.missing -= 1
            if pending.missing == 0 { return pending.packet.with(attachments: pending.attachments) }
            self.pending = pending
            return nil
        }
    }

    private func decode(_ text: ByteBuffer) throws(SocketPacketError) -> (SocketPacket, attachments: Int) {
        var rest = text
        guard let type = rest.readInteger(as: UInt8.self) else { throw .empty }
        let isBinary = type == UInt8(ascii: "5") || type == UInt8(ascii: "6")
        let attachments = isBinary ? try readAttachmentCount(&rest) : 0
        let namespace = try Self.readNamespace(&rest)
        let id = try Self.readID(&rest)
        let checked = isBinary ? attachments : nil
        switch type {
        case UInt8(ascii: "0"): return (.connect(namespace: namespace, auth: try Self.auth(rest)), 0)
        case UInt8(ascii: "1"):
            guard rest.readableBytes == 0 else { throw .invalidPayload }
            return (.disconnect(namespace: namespace), 0)
        case UInt8(ascii: "2"), UInt8(ascii: "5"):
            let (name, arguments) = try event(rest, attachments: checked)
            return (
                .event(namespace: namespace, id: id, name: name, arguments: arguments, attachments: []), attachments
            )
        case UInt8(ascii: "3"), UInt8(ascii: "6"):
            guard let id else { throw .invalidID }
            let arguments = try elements(rest, attachments: checked).map { JSONFragment(json: $0.text) }
            return (.acknowledgement(namespace: namespace, id: id, arguments: arguments, attachments: []), attachments)
        case UInt8(ascii: "4"): return (.connectError(namespace: namespace), 0)
        default: throw .unknownType
        }
    }

    // MARK: Parts

    private func readAttachmentCount(_ rest: inout ByteBuffer) throws(SocketPacketError) -> Int {
        guard let count = Self.readDigits(&rest), rest.readInteger(as: UInt8.self) == UInt8(ascii: "-"),
            count >= 1, count <= maxAttachments
        else { throw .invalidAttachmentCount }
        return Int(count)
    }

    /// The name with its slash, up to a comma. `/` if there is none.
    private static func readNamespace(_ rest: inout ByteBuffer) throws(SocketPacketError) -> String {
        guard rest.readableBytesView.first == UInt8(ascii: "/") else { return "/" }
        let view = rest.readableBytesView
        let end = view.firstIndex(of: UInt8(ascii: ",")) ?? view.endIndex
        guard end - view.startIndex <= maxNameBytes else { throw .invalidNamespace }
        let name = String(decoding: view[..<end], as: UTF8.self)
        rest.moveReaderIndex(to: min(end + 1, rest.writerIndex))
        return name
    }

    private static func readID(_ rest: inout ByteBuffer) throws(SocketPacketError) -> UInt64? {
        guard let first = rest.readableBytesView.first, first >= 0x30, first <= 0x39 else { return nil }
        guard let id = readDigits(&rest) else { throw .invalidID }
        return id
    }

    /// - Returns: nil if there are no digits, or more than 18.
    private static func readDigits(_ rest: inout ByteBuffer) -> UInt64? {
        let digits = rest.readableBytesView.prefix { $0 >= 0x30 && $0 <= 0x39 }
        guard !digits.isEmpty, digits.count <= 18 else { return nil }
        rest.moveReaderIndex(forwardBy: digits.count)
        return digits.reduce(0) { $0 * 10 + UInt64($1 - 0x30) }
    }

    private static func auth(_ text: ByteBuffer) throws(SocketPacketError) -> ByteBuffer? {
        if text.readableBytes == 0 { return nil }
        guard (try? JSONScanner.kind(of: text)) == .object else { throw .invalidPayload }
        return text
    }

    private func elements(
        _ text: ByteBuffer,
        attachments: Int?
    ) throws(SocketPacketError) -> [(kind: JSONScanner.Kind, text: ByteBuffer)] {
        do throws(JSONError) {
            return try JSONScanner.elements(of: text, attachments: attachments, limit: maxArguments)
        } catch {
            throw .invalidPayload
        }
    }

    private func event(
        _ text: ByteBuffer,
        attachments: Int?
    ) throws(SocketPacketError) -> (name: String, arguments: [JSONFragment]) {
        let elements = try self.elements(text, attachments: attachments)
        guard let first = elements.first else { throw .invalidPayload }
        let name: String
        switch first.kind {
        case .string: name = try Self.unquoted(first.text)
        // The reference parser lets a number be a name.
        case .number: name = String(buffer: first.text)
        default: throw .invalidPayload
        }
        guard name.utf8.count <= Self.maxNameBytes, !Self.reservedEvents.contains(name) else { throw .invalidPayload }
        return (name, elements.dropFirst().map { JSONFragment(json: $0.text) })
    }

    private static func unquoted(_ text: ByteBuffer) throws(SocketPacketError) -> String {
        let view = text.readableBytesView
        guard view.contains(UInt8(ascii: "\\")) else {
            return String(decoding: view.dropFirst().dropLast(), as: UTF8.self)
        }
        guard let name = try? JSONFragment(json: text).decode(String.self) else { throw .invalidPayload }
        return name
    }
}

extension SocketPacket {
    fileprivate func with(attachments: [ByteBuffer]) -> SocketPacket {
        switch self {
        case .event(let namespace, let id, let name, let arguments, _):
            .event(namespace: namespace, id: id, name: name, arguments: arguments, attachments: attachments)
        case .acknowledgement(let namespace, let id, let arguments, _):
            .acknowledgement(namespace: namespace, id: id, arguments: arguments, attachments: attachments)
        case .connect, .disconnect, .connectError: self
        }
    }
}
