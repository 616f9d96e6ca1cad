package import ChatModel

/// What the bus counts since the start.
package struct BusMetrics: Sendable {
    /// Events that left for the other nodes, and that came from them.
    package let sent = Counter()
    package let received = Counter()
    /// Events for which there was no room, and that could not be sent. Hints tell of those that have a revision.
    package let dropped = Counter()
    package let failed = Counter()
    package let frames = Counter()
    /// Conversations that were told of by hints, and that others told of.
    package let hintsSent = Counter()
    package let hintsReceived = Counter()
    /// Frames of other nodes that did not come.
    package let gaps = Counter()
    /// Frames that came twice, and those of a node's life before its last start.
    package let doubles = Counter()
    package let outdated = Counter()
    /// Frames that nobody with our secret has made, or that we cannot read.
    package let refused = Counter()
    /// Seconds from a frame's sending to its arrival.
    package let lag = Histogram(bounds: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5])
}
