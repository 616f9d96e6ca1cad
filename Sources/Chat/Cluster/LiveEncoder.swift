package import ChatModel
package import NIOCore

/// Writes events as clients get them. Each server's clients get the bytes of the one that wrote them, so the fields of a
/// newer server pass through an older one.
package protocol LiveEncoder: Sendable {
    /// - Returns: The event's name and its payload.
    func encode(_ message: Message) -> (name: String, json: ByteBuffer)
    /// - Returns: Nil for what no client is told in this form.
    func encode(_ event: ChatEvent) -> (name: String, json: ByteBuffer)?
}
