public import NIOCore

/// A text or binary message, as a WebSocket carries it and as the layer above an Engine.IO session sends and receives it.
public enum EngineMessage: Sendable, Equatable {
    /// Valid UTF-8 text.
    case text(ByteBuffer)
    case binary(ByteBuffer)
}
