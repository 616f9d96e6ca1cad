package import ChatModel
internal import Foundation

/// What has come of each other node, so that nothing counts twice, and nothing of a node's life before its last start.
/// A pure machine.
package struct NodeStreams: Sendable {
    package enum Verdict: Equatable, Sendable {
        /// - Parameter skipped: How many frames of the node have not come before this one.
        case accepted(skipped: Int)
        /// The first frame of a node, or of a node that has started again.
        case began
        /// Our own, come back.
        case own
        /// Came before.
        case double
        /// Of a node as it was before it started again, or of a timeline of PostgreSQL that is no more.
        case outdated
    }

    private struct Node: Sendable {
        var epoch: UUID
        var windows: [BusFrame.Path: CounterWindow] = [:]
        /// The epochs before, newest last.
        var former: [UUID] = []
    }

    private var own: NodeIdentity
    private var ownFormer: [UUID] = []
    private var nodes: [UInt16: Node] = [:]
    /// PostgreSQL's newest timeline of which we know.
    package private(set) var timeline: UInt32

    /// How many former epochs of a node are remembered.
    private static let maxFormer = 8

    package init(own: NodeIdentity, timeline: UInt32 = 0) {
        self.own = own
        self.timeline = timeline
    }

    /// We have lost the lease: what we sent before is somebody else's.
    package mutating func adopt(_ identity: NodeIdentity) {
        ownFormer = Array((ownFormer + [own.epoch]).suffix(Self.maxFormer))
        own = identity
    }

    /// - Returns: Whether it is newer than what we knew.
    package mutating func note(timeline newer: UInt32) -> Bool {
        guard newer > timeline else { return false }
        defer { timeline = newer }
        // The first that we hear of is no fail-over.
        return timeline != 0
    }

    package mutating func receive(_ head: BusFrame.Head) -> Verdict {
        if head.node == own { return .own }
        // 0: the node does not know it yet.
        guard !ownFormer.contains(head.node.epoch), head.timeline == 0 || head.timeline >= timeline else {
            return .outdated
        }
        let number = head.node.number
        var former: [UUID] = []
        if let node = nodes[number] {
            if node.former.contains(head.node.epoch) { return .outdated }
            if node.epoch == head.node.epoch { return note(head) }
            former = Array((node.former + [node.epoch]).suffix(Self.maxFormer))
        }
        let windows = [head.path: CounterWindow(first: head.counter)]
        nodes[number] = Node(epoch: head.node.epoch, windows: windows, former: former)
        return .began
    }

    private mutating func note(_ head: BusFrame.Head) -> Verdict {
        switch nodes[head.node.number]?.windows[head.path]?.note(head.counter) {
        case .next(let skipped): return .accepted(skipped: skipped)
        case .late: return .accepted(skipped: 0)
        case .seen: return .double
        case nil:
            nodes[head.node.number]?.windows[head.path] = CounterWindow(first: head.counter)
            return .accepted(skipped: 0)
        }
    }
}
