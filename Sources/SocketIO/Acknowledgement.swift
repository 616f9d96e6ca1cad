public import NIOCore

/// Answers one event of a client. Use it once, because clients ignore a second answer.
public struct Acknowledgement: Sendable {
    let socket: Socket
    let id: UInt64

    /// From any thread.
    public func callAsFunction(_ arguments: [JSONFragment], attachments: [ByteBuffer] = []) {
        socket.emit(
            SocketPacketEncoder.acknowledgement(
                namespace: socket.namespace.name,
                id: self.id,
                arguments: arguments,
                attachments: attachments
            )
        )
    }

    public func callAsFunction(_ argument: some Encodable) throws {
        self([try JSONFragment(argument)])
    }
}
