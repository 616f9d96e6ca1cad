import DequeModule

/// A bounded queue that is fair: somebody who adds much does not delay the others.
///
/// Each element belongs to shares within shares: an address, for example, and within it a name. At each level the shares
/// are served in turn, one element each, and each level has a limit. At the limit, the newest element of the fullest share
/// makes room for an element of a smaller share. Only the fullest share itself is refused. A pure value, without time or
/// threads.
struct LayeredQueue<Share: Hashable & Sendable, Element: Sendable>: Sendable {
    /// What happened to an element that was added.
    enum Outcome: Sendable {
        case queued
        /// It waits in place of another element, which does not wait any more.
        case queuedInPlace(of: Element)
        /// Its own share fills the queue.
        case refused
    }

    /// How many elements may wait in the whole queue, in one share, in one share of that share, and so on.
    private let limits: [Int]
    private var root = Node()

    /// - Parameter limits: One more than the shares in each element's path.
    init(limits: [Int]) { self.limits = limits }

    var count: Int { root.count }
    var isEmpty: Bool { root.count == 0 }

    /// - Parameter path: The share, the share within it, and so on; one less than the limits.
    mutating func append(_ element: Element, of path: [Share]) -> Outcome {
        precondition(path.count + 1 == limits.count)
        return root.append(element, path[...], limits[...])
    }

    /// Removes the next element in turn.
    mutating func popFirst() -> Element? { root.popFirst() }

    /// A share. It holds other shares or, at the end of the path, elements.
    private struct Node: Sendable {
        var count = 0
        var elements: Deque<Element> = []
        var shares: [Share: Node] = [:]
        /// The shares that are not empty; the next one comes first.
        var turns: Deque<Share> = []

        mutating func append(_ element: Element, _ path: ArraySlice<Share>, _ limits: ArraySlice<Int>) -> Outcome {
            guard let share = path.first, let limit = limits.first else {
                guard count < limits.first ?? 0 else { return .refused }
                elements.append(element)
                count += 1
                return .queued
            }
            var node = shares[share] ?? Node()
            var outcome = node.append(element, path.dropFirst(), limits.dropFirst())
            if case .queued = outcome {
                if count < limit {
                    count += 1
                } else {
                    guard let (fullest, most) = fullest, fullest != share, most > node.count,
                        let removed = removeLast(of: fullest)
                    else { return .refused }
                    outcome = .queuedInPlace(of: removed)
                }
            }
            if case .refused = outcome { return outcome }
            if shares.updateValue(node, forKey: share) == nil { turns.append(share) }
            return outcome
        }

        mutating func popFirst() -> Element? {
            guard count > 0 else { return nil }
            count -= 1
            guard let share = turns.popFirst() else { return elements.popFirst() }
            let element = shares[share]?.popFirst()
            if shares[share]?.count == 0 { shares[share] = nil } else { turns.append(share) }
            return element
        }

        private var fullest: (share: Share, count: Int)? {
            shares.max { $0.value.count < $1.value.count }.map { ($0.key, $0.value.count) }
        }

        private mutating func removeLast(of share: Share) -> Element? {
            let element = shares[share]?.removeLast()
            if shares[share]?.count == 0 {
                shares[share] = nil
                turns.removeAll { $0 == share }
            }
            return element
        }

        private mutating func removeLast() -> Element? {
            count -= 1
            guard let (share, _) = fullest else { return elements.popLast() }
            return removeLast(of: share)
        }
    }
}
