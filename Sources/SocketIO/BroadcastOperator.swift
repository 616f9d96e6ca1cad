public import NIOCore

/// Selects sockets of a namespace and acts on them. From any thread.
///
/// A socket gets one thread's events in the order in which that thread emitted them.
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

    /// Excludes sockets in one of the rooms, or with one of the ids.
    public func except(_ rooms: Room...) -> BroadcastOperator { self.except(rooms) }

    public func except(_ rooms: [Room]) -> BroadcastOperator {
        var copy = self
        copy.target.except += rooms
        return copy
    }

    /// Sends an event. It is encoded once for all receivers.
    public func emit(_ event: String, _ arguments: [JSONFragment], attachments: [ByteBuffer] = []) {
        self.emit(namespace.encode(event, arguments, attachments: attachments))
    }

    public func emit(_ event: String, _ argument: some Encodable) throws {
        self.emit(event, [try JSONFragment(argument)])
    }

    /// Sends an event that the same namespace has encoded.
    public func emit(_ event: EncodedEvent) {
        namespace.adapter.broadcast(event, to: target)
    }

    /// Sends the same news in two forms: as `events`, or as `other` to sockets that take it. Each socket gets it in one
    /// write.
    public func emit(
        _ events: [EncodedEvent], or other: EncodedEvent, takingOther takesOther: @escaping @Sendable (Socket) -> Bool
    ) {
        namespace.adapter.broadcast(events, or: other, to: target, takingOther: takesOther)
    }

    public func join(_ rooms: Room...) {
        namespace.adapter.perform(.join(rooms), on: target)
    }

    /// Joins a room. Sockets that were not in it get the event, before what is sent to the room afterwards.
    public func enter(_ room: Room, telling event: EncodedEvent) {
        namespace.adapter.perform(.enter(room, event), on: target)
    }

    public func leave(_ rooms: Room...) {
        namespace.adapter.perform(.leave(rooms), on: target)
    }

    /// Leaves a room, except for sockets that may stay. Those that leave get the event.
    public func leave(_ room: Room, telling event: EncodedEvent, unless mayStay: @escaping @Sendable (Socket) -> Bool) {
        namespace.adapter.perform(.leaveUnless(room, mayStay, event), on: target)
    }

    /// - Parameter close: Whether to end their whole connections, or only this namespace.
    public func disconnectSockets(close: Bool = false) {
        namespace.adapter.perform(.disconnect(close: close), on: target)
    }

    /// Ends their connections without a disconnect packet, so their clients reconnect by themselves.
    public func cutConnections() {
        namespace.adapter.perform(.cutConnection, on: target)
    }
}
