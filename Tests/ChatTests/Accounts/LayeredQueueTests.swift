import Testing

@testable import Chat

@Suite struct LayeredQueueTests {
    private typealias Queue = LayeredQueue<String, Int>

    private func drain(_ queue: inout Queue) -> [Int] {
        var elements: [Int] = []
        while let next = queue.popFirst() { elements.append(next) }
        return elements
    }

    @Test func sharesAreServedInTurn() {
        var queue = Queue(limits: [100, 100, 100])
        for number in 0..<4 { _ = queue.append(number, of: ["here", "ana"]) }
        for number in 10..<12 { _ = queue.append(number, of: ["here", "bo"]) }
        for number in 20..<22 { _ = queue.append(number, of: ["there", "cy"]) }
        // Between addresses first, and between the names of one within its turns.
        #expect(drain(&queue) == [0, 20, 10, 21, 1, 11, 2, 3])
        #expect(queue.isEmpty)
    }

    @Test func whatIsBeyondAShareIsRefusedToThatShareAlone() {
        var queue = Queue(limits: [100, 3, 2])
        func outcome(_ number: Int, _ path: String...) -> String {
            switch queue.append(number, of: path) {
            case .queued: "queued"
            case .queuedInPlace(of: let other): "in place of \(other)"
            case .refused: "refused"
            }
        }
        #expect(outcome(1, "here", "ana") == "queued")
        #expect(outcome(2, "here", "ana") == "queued")
        #expect(outcome(3, "here", "ana") == "refused")
        #expect(outcome(4, "here", "bo") == "queued")
        // The address is full: who has more there makes room, and who has as many does not.
        #expect(outcome(5, "here", "cy") == "in place of 2")
        #expect(outcome(6, "here", "di") == "refused")
        #expect(outcome(7, "there", "di") == "queued")
        #expect(queue.count == 4)
        #expect(drain(&queue) == [1, 7, 4, 5])
    }

    @Test func aFullQueueTakesFromWhoHasMost() {
        var queue = Queue(limits: [10, 10, 10])
        for number in 0..<10 { _ = queue.append(number, of: ["flood", "name\(number % 5)"]) }
        guard case .queuedInPlace(of: let other) = queue.append(100, of: ["elsewhere", "ana"]) else {
            Issue.record("refused for another's many")
            return
        }
        #expect((5..<10).contains(other), "the newest of a name that has two")
        #expect(queue.count == 10)
        _ = queue.popFirst()
        #expect(queue.popFirst() == 100)
    }

    @Test func countsStayTrueWhateverIsPutInAndTakenOut() {
        var numbers = SystemRandomNumberGenerator()
        var queue = Queue(limits: [20, 9, 4])
        var inside: Set<Int> = []
        for number in 0..<5000 {
            if Int.random(in: 0..<3, using: &numbers) == 0 {
                let next = queue.popFirst()
                #expect((next == nil) == inside.isEmpty)
                if let next { #expect(inside.remove(next) != nil) }
            } else {
                let path = ["\(Int.random(in: 0..<4, using: &numbers))", "\(Int.random(in: 0..<3, using: &numbers))"]
                switch queue.append(number, of: path) {
                case .queued: inside.insert(number)
                case .queuedInPlace(of: let other):
                    #expect(inside.remove(other) != nil)
                    inside.insert(number)
                case .refused: break
                }
            }
            #expect(queue.count == inside.count)
        }
        #expect(Set(drain(&queue)) == inside)
    }
}
