package import ChatModel

/// What travels between nodes at once.
package struct BusFrame: Sendable, Equatable {
    /// The ways a frame can take. Each counts its own frames.
    package enum Path: UInt8, Sendable, CaseIterable {
        case events = 0
        case hints = 1
        /// Events of which no revision tells: on the way of the hints, which loses nothing that nobody notices.
        case facts = 2
    }

    package struct Head: Sendable, Equatable {
        package var node: NodeIdentity
        package var path: Path
        /// How many frames the node has sent on this path, this one included.
        package var counter: UInt64
        /// PostgreSQL's timeline, as the node knows it. A fail-over begins a new one, and may have undone revisions.
        package var timeline: UInt32
        /// Microseconds since 1970 by the database's clock.
        package var sentAt: Int64

        package init(node: NodeIdentity, path: Path, counter: UInt64, timeline: UInt32, sentAt: Int64) {
            self.node = node
            self.path = path
            self.counter = counter
            self.timeline = timeline
            self.sentAt = sentAt
        }
    }

    package enum Body: Sendable, Equatable {
        /// None: a sign of life.
        case events([BusEvent])
        case hints([BusHint])
    }

    package var head: Head
    package var body: Body

    package init(head: Head, body: Body) {
        self.head = head
        self.body = body
    }
}
