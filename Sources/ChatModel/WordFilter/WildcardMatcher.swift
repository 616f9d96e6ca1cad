import DequeModule

/// Finds, in one pass over a word, which of many patterns with wildcards it matches as a whole.
///
/// The pieces between the wildcards stand in one Aho-Corasick automaton, which finds all occurrences of all of them. A
/// pattern asks for its pieces in their order, and each is taken at the first place behind the one before, which leaves
/// the most for what follows. Patterns that begin with the same pieces share their progress. So the work is at most
/// one step for each byte and each length of a piece, and one for each piece of all patterns.
package struct WildcardMatcher: Sendable {
    /// Progress that patterns share: their beginning and the pieces so far.
    private struct Node {
        /// The next node by the piece that leads there.
        var next: [Int: Int] = [:]
        /// How a word that is here has to end, for which pattern.
        var endings: [(suffix: [UInt8], pattern: Int)] = []
    }

    private var nodes: [Node] = []
    /// Where a word that begins so starts.
    private var beginnings: [[UInt8]: Int] = [:]
    private var beginningLengths: [Int] = []
    private var automaton = PieceAutomaton()

    /// - Parameter patterns: each with the number it is known by.
    package init(_ patterns: [(key: [UInt8], number: Int)]) {
        for (key, number) in patterns {
            let pieces = key.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false).map(Array.init)
            guard let first = pieces.first, let last = pieces.last else { continue }
            var node = beginning(first)
            for piece in pieces.dropFirst().dropLast() where !piece.isEmpty { node = self.node(after: node, piece) }
            nodes[node].endings.append((last, number))
        }
        beginningLengths = Set(beginnings.keys.map(\.count)).sorted()
        automaton.close()
    }

    private mutating func makeNode() -> Int {
        nodes.append(Node())
        return nodes.count - 1
    }

    private mutating func beginning(_ prefix: [UInt8]) -> Int {
        if let known = beginnings[prefix] { return known }
        let node = makeNode()
        beginnings[prefix] = node
        return node
    }

    private mutating func node(after node: Int, _ piece: [UInt8]) -> Int {
        let number = automaton.add(piece)
        if let known = nodes[node].next[number] { return known }
        let next = makeNode()
        nodes[node].next[number] = next
        return next
    }

    /// The numbers of the patterns that match, in no particular order.
    package func matches(_ word: [UInt8]) -> [Int] {
        if nodes.isEmpty { return [] }
        var matched: [Int] = []
        /// By piece, the nodes that wait for it: each with the place it was reached at, which is never before the ones
        /// ahead of it.
        var waiting: [Int: Deque<(node: Int, from: Int)>] = [:]

        func reach(_ node: Int, at place: Int) {
            for (suffix, pattern) in nodes[node].endings
            where word.count - place >= suffix.count && word.suffix(suffix.count).elementsEqual(suffix) {
                matched.append(pattern)
            }
            for (piece, next) in nodes[node].next { waiting[piece, default: []].append((next, place)) }
        }

        var lengths = beginningLengths[...]
        func begin(at place: Int) {
            guard lengths.first == place else { return }
            lengths.removeFirst()
            if let node = beginnings[Array(word[..<place])] { reach(node, at: place) }
        }

        begin(at: 0)
        var state = PieceAutomaton.start
        for (place, byte) in word.enumerated() {
            state = automaton.step(state, byte)
            automaton.forEachPiece(endingAt: state) { piece, length in
                // A node that was reached within this occurrence goes on waiting.
                while let first = waiting[piece]?.first, first.from <= place + 1 - length {
                    waiting[piece]?.removeFirst()
                    reach(first.node, at: place + 1)
                }
            }
            begin(at: place + 1)
        }
        return matched
    }
}

/// Finds all occurrences of all pieces in one pass (A. V. Aho, M. J. Corasick, "Efficient string matching", 1975).
private struct PieceAutomaton: Sendable {
    private struct State {
        /// The longest other state that the bytes so far end with.
        var fallback = start
        /// The nearest state on the way of fallbacks at which a piece ends.
        var nextEnding: Int?
        var piece: Int?
        var length = 0
    }

    private struct Edge: Hashable {
        var state: Int
        var byte: UInt8
    }

    static let start = 0

    private var states = [State()]
    private var edges: [Edge: Int] = [:]
    private var pieces = 0

    /// The number of a piece, which is not empty.
    mutating func add(_ piece: [UInt8]) -> Int {
        var state = Self.start
        for byte in piece {
            let edge = Edge(state: state, byte: byte)
            if let next = edges[edge] {
                state = next
            } else {
                states.append(State(length: states[state].length + 1))
                edges[edge] = states.count - 1
                state = states.count - 1
            }
        }
        if let known = states[state].piece { return known }
        states[state].piece = pieces
        pieces += 1
        return pieces - 1
    }

    /// Finds the fallbacks, once all pieces are in: those of shorter states first.
    mutating func close() {
        for (edge, state) in edges.sorted(by: { states[$0.value].length < states[$1.value].length }) {
            let fallback = edge.state == Self.start ? Self.start : step(states[edge.state].fallback, edge.byte)
            states[state].fallback = fallback
            states[state].nextEnding = states[fallback].piece == nil ? states[fallback].nextEnding : fallback
        }
    }

    func step(_ state: Int, _ byte: UInt8) -> Int {
        var state = state
        while true {
            if let next = edges[Edge(state: state, byte: byte)] { return next }
            if state == Self.start { return state }
            state = states[state].fallback
        }
    }

    func forEachPiece(endingAt state: Int, _ body: (_ piece: Int, _ length: Int) -> Void) {
        var ending = states[state].piece == nil ? states[state].nextEnding : state
        while let state = ending {
            if let piece = states[state].piece { body(piece, states[state].length) }
            ending = states[state].nextEnding
        }
    }
}
