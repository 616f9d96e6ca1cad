public import NIOCore

/// An event from a client, with its arguments as JSON text.
public struct InboundEvent: Sendable {
    public let name: String
    public let arguments: [JSONFragment]
    /// The attachments that the placeholders in the arguments refer to, by number.
    public let attachments: [ByteBuffer]
    /// Answers the event, or nil if the client did not ask for an answer.
    public let acknowledgement: Acknowledgement?

    /// Bytes of the arguments and attachments. The cost of parsing grows with them.
    public var size: Int {
        arguments.reduce(0) { $0 + $1.bytes.readableBytes } + attachments.reduce(0) { $0 + $1.readableBytes }
    }
}
