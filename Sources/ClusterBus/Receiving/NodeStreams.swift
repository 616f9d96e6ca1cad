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
        /// Of a node as it was before it started again, or recorded by somebody and sent again.
        case outdated
        /// Of a timeline of PostgreSQL that is no more: the node does not know that yet, and its changes may have been undone.
        case undone
    }

    private struct Node: Sendable {
        var epoch: UUID
        /// When the newest of its frames was sent.
        var lastSent: Int64
        var windows: [BusFrame.Path: CounterWindow] = [:]
        /// The epochs before, newest last.
        var former: [UUID] = []
        /// How often the database had been asked who lives when its first frame came.
        var questions: Int
    }

    /// What came of a timeline that is no more. Apart from what counts: to that, it is missing.
    private struct Undone: Sendable {
        var epoch: UUID
        var windows: [BusFrame.Path: CounterWindow] = [:]
    }

    private var own: NodeIdentity
    private var ownFormer: [UUID] = []
    private var nodes: [UInt16: Node] = [:]
    private var undone: [UInt16: Undone] = [:]
    /// How often the database was asked who lives.
    private var questions = 0
    /// The lives that the database told of, when it was asked, and as which question.
    private var confirmed: [UInt16: (epoch: UUID, asked: Int64, question: Int)] = [:]
    /// The lives of each node of which a frame was refused before one was accepted, newest last.
    private var refused: [UInt16: [UUID]] = [:]
    /// PostgreSQL's newest timeline of which we know.
    package private(set) var timeline: UInt32

    /// How many former epochs of a node are remembered.
    private static let maxFormer = 8
    /// A frame that is older, in microseconds, tells of no new life.
    package static let maxAge: Int64 = 60_000_000

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

    /// The database is about to be asked who lives.
    package mutating func ask() { questions += 1 }

    /// The database says that these live.
    /// - Parameter asked: When it was asked last, by its own clock.
    package mutating func confirm(_ living: [NodeIdentity], asked: Int64) {
        confirmed = Dictionary(
            living.map { ($0.number, (epoch: $0.epoch, asked: asked, question: questions)) }, uniquingKeysWith: { $1 })
    }

    /// A node has begun.
    /// - Returns: Whether something that it had told before was refused.
    package mutating func forgetRefused(_ node: NodeIdentity) -> Bool {
        refused.removeValue(forKey: node.number)?.contains(node.epoch) ?? false
    }

    /// - Parameter now: By the database's clock.
    package mutating func receive(_ head: BusFrame.Head, at now: Int64) -> Verdict {
        if head.node == own { return .own }
        guard !ownFormer.contains(head.node.epoch) else { return .outdated }
        let node = nodes[head.node.number]
        if node?.epoch != head.node.epoch, !isNewLife(head, after: node, at: now) {
            refuse(head.node)
            return .outdated
        }
        // 0: the node does not know it yet.
        guard head.timeline == 0 || head.timeline >= timeline else { return noteUndone(head) }
        if node?.epoch == head.node.epoch { return note(head, at: now) }
        let former = node.map { Array(($0.former + [$0.epoch]).suffix(Self.maxFormer)) } ?? []
        nodes[head.node.number] = Node(
            epoch: head.node.epoch, lastSent: min(head.sentAt, now),
            windows: [head.path: CounterWindow(first: head.counter)],
            former: former.filter { $0 != head.node.epoch }, questions: questions)
        return .began
    }

    /// Each frame puts everything in doubt once, or somebody who has recorded one could keep everybody comparing.
    private mutating func noteUndone(_ head: BusFrame.Head) -> Verdict {
        let (number, path) = (head.node.number, head.path)
        if let node = nodes[number], node.epoch == head.node.epoch, node.windows[path]?.hasSeen(head.counter) == true {
            return .double
        }
        if undone[number]?.epoch != head.node.epoch { undone[number] = Undone(epoch: head.node.epoch) }
        switch undone[number]?.windows[path]?.note(head.counter) {
        case .seen: return .double
        case .late: return path == .facts ? .double : .undone
        case .next: return .undone
        case nil:
            undone[number]?.windows[path] = CounterWindow(first: head.counter)
            return .undone
        }
    }

    private mutating func refuse(_ node: NodeIdentity) {
        let others = refused[node.number, default: []].filter { $0 != node.epoch }
        refused[node.number] = Array((others + [node.epoch]).suffix(Self.maxFormer))
    }

    /// Whoever can notify can send a frame again that was sent long ago. If that passed for a node's new life, the node
    /// itself would count for nothing from then on.
    private func isNewLife(_ head: BusFrame.Head, after node: Node?, at now: Int64) -> Bool {
        let confirmed = confirmed[head.node.number]
        // An answer to an older question may be of a life before this one.
        if let confirmed, confirmed.epoch == head.node.epoch, confirmed.question > node?.questions ?? -1 { return true }
        guard node?.former.contains(head.node.epoch) != true, now - head.sentAt < Self.maxAge else { return false }
        return head.sentAt > max(node?.lastSent ?? .min, confirmed?.asked ?? .min)
    }

    private mutating func note(_ head: BusFrame.Head, at now: Int64) -> Verdict {
        if let last = nodes[head.node.number]?.lastSent {
            nodes[head.node.number]?.lastSent = max(last, min(head.sentAt, now))
        }
        switch nodes[head.node.number]?.windows[head.path]?.note(head.counter) {
        case .next(let skipped): return .accepted(skipped: skipped)
        // Facts are told one after the other, and what may not have arrived is told again before the next: a newer fact may
        // say otherwise by now.
        case .late: return head.path == .facts ? .double : .accepted(skipped: 0)
        case .seen: return .double
        case nil:
            nodes[head.node.number]?.windows[head.path] = CounterWindow(first: head.counter)
            return .accepted(skipped: 0)
        }
    }
}
