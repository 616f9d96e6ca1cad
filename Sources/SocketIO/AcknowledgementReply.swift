public import NIOCore

/// Why an acknowledgement did not come.
public enum AcknowledgementError: Error, Equatable {
    case timeout
    case disconnected
    /// Too many acknowledgements of this socket are already awaited.
    case tooManyPending
}

/// A client's acknowledgement of an event.
public struct AcknowledgementReply: Sendable, Equatable {
    public let arguments: [JSONFragment]
    public let attachments: [ByteBuffer]
}
