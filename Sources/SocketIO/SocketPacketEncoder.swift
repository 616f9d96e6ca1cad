import EngineIO
import NIOCore

/// Writes the packets a server sends (Socket.IO protocol revision 5).
enum SocketPacketEncoder {
    static func connected(namespace: String, sid: String) -> EncodedPacket {
        packet("0", namespace: namespace, payload: #"{"sid":"\#(sid)"}"#)
    }

    static func disconnect(namespace: String) -> EncodedPacket {
        packet("1", namespace: namespace, payload: "")
    }

    static func connectError(namespace: String, message: String, data: JSONFragment?) -> EncodedPacket {
        let data = data.map { ",\"data\":\($0)" } ?? ""
        return packet("4", namespace: namespace, payload: "{\"message\":\(JSONText.quoted(message))\(data)}")
    }

    private static func packet(_ type: String, namespace: String, payload: String) -> EncodedPacket {
        let text = type + prefix(namespace) + payload
        return EncodedPacket(messageLength: text.utf8.count) { $0.writeString(text) }
    }

    /// - Parameter id: Set if an acknowledgement is requested.
    static func event(
        namespace: String,
        id: UInt64? = nil,
        name: String,
        arguments: [JSONFragment],
        attachments: [ByteBuffer]
    ) -> EncodedEvent {
        let type = attachments.isEmpty ? "2" : "5\(attachments.count)-"
        let head = type + prefix(namespace) + (id.map(String.init) ?? "") + "[" + quotedName(name)
        return array(head: head, needsComma: true, arguments, attachments)
    }

    static func acknowledgement(
        namespace: String,
        id: UInt64,
        arguments: [JSONFragment],
        attachments: [ByteBuffer]
    ) -> EncodedEvent {
        let type = attachments.isEmpty ? "3" : "6\(attachments.count)-"
        return array(head: "\(type)\(prefix(namespace))\(id)[", needsComma: false, arguments, attachments)
    }

    private static func array(
        head: String,
        needsComma: Bool,
        _ arguments: [JSONFragment],
        _ attachments: [ByteBuffer]
    ) -> EncodedEvent {
        let commas = needsComma ? arguments.count : max(0, arguments.count - 1)
        let length = head.utf8.count + commas + arguments.reduce(0) { $0 + $1.bytes.readableBytes } + 1
        let packet = EncodedPacket(messageLength: length) { buffer in
            buffer.writeString(head)
            for (index, argument) in arguments.enumerated() {
                if needsComma || index > 0 { buffer.writeInteger(UInt8(ascii: ",")) }
                buffer.writeImmutableBuffer(argument.bytes)
            }
            buffer.writeInteger(UInt8(ascii: "]"))
        }
        return EncodedEvent(packets: [packet] + attachments.map { EncodedPacket(binary: $0) })
    }

    private static func prefix(_ namespace: String) -> String {
        namespace == "/" ? "" : namespace + ","
    }

    private static func quotedName(_ name: String) -> String {
        // Plain names, the usual case, need no encoder.
        let isPlain = name.utf8.allSatisfy {
            $0 >= 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
        }
        return isPlain ? "\"\(name)\"" : JSONText.quoted(name)
    }
}
