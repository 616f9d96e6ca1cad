package import ClusterBus

/// What joins the domain to the other servers of its database.
public struct ClusterLink: Sendable {
    package let bus: any Bus
    package let stream: ConversationStream
    package let encoder: any LiveEncoder

    package init(bus: any Bus, stream: ConversationStream, encoder: any LiveEncoder) {
        self.bus = bus
        self.stream = stream
        self.encoder = encoder
    }
}
