public import NIOCore

/// Chooses sockets of a namespace, and reaches them. From any thread.
///
/// A socket gets what one thread emits in the order in which that thread emitted it.
public struct BroadcastOperator: Sendable {
    let namespace: Namespace
    var target: BroadcastTarget

    /// Adds rooms, or ids of single sockets.
    public func to(_ rooms: Room...) -> BroadcastOperator { self.to(rooms) }

    public func to(_ rooms: [Room]) -> BroadcastOperator {
        var copy = self
        copy.target.rooms += rooms
        return copy
    }

    /// Takes out whoever is in one of the rooms, or has one of the ids.
    public func except(_ rooms: Room...) -> BroadcastOperator { self.except(rooms) }

    public func except(_ rooms: [Room]) -> BroadcastOperator {
        var copy = self
        copy.target.except += rooms
        return copy
    }

    /// Sends an event, encoded once whoever gets it.
    public func emit(_ event: String, _ arguments: [JSONFragment], attachments: [ByteBuffer] = []) {
        self.emit(namespace.encode(event, arguments, attachments: attachments))
    }

    public func emit(_ event: String, _ argument: some Encodable) throws {
        self.emit(event, [try JSONFragment(argument)])
    }

    /// Sends what the same namespace encoded.
    public func emit(_ event: EncodedEvent) {
        namespace.adapter.broadcast(event, to: target)
    }

    public func join(_ rooms: Room...) {
        namespace.adapter.perform(.join(rooms), on: target)
    }

    public func leave(_ rooms: Room...) {
        namespace.adapter.perform(.leave(rooms), on: target)
    }

    /// - Parameter close: Whether their whole connections go, or this namespace only.
    public func disconnectSockets(close: Bool = false) {
        namespace.adapter.perform(.disconnect(close: close), on: target)
    }

    /// Ends their connections without sending them away: their clients connect again by themselves.
    public func cutConnections() {
        namespace.adapter.perform(.cutConnection, on: target)
    }
}
