/// Names one connection of a device. The connection that sent a message gets the acknowledgement and not the event.
public struct ConnectionID: Sendable, Hashable {
    public let value: String
    public init(_ value: String) { self.value = value }
}
