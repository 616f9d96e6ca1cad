/// Names one connection of a device, so that a sender's own connection, which gets the acknowledgement, is left out of
/// the event.
public struct ConnectionID: Sendable, Hashable {
    public let value: String
    public init(_ value: String) { self.value = value }
}
