import ChatModel
import Foundation
import Testing

@testable import Chat

@Suite struct NeighborsTests {
    private let two = NodeIdentity(number: 2, epoch: UUID())
    private let three = NodeIdentity(number: 3, epoch: UUID())
    private let again = NodeIdentity(number: 2, epoch: UUID())

    private func others(
        _ living: [NodeIdentity], silent: [NodeIdentity] = [], mayJudge: Bool = true
    ) -> Nodes.Others { Nodes.Others(living: living, silent: silent, mayJudge: mayJudge) }

    @Test func whoIsNotThereAnyMoreIsGone() {
        var neighbors = Neighbors()
        #expect(neighbors.compare(others([])) == .init(isAlone: true))
        #expect(neighbors.compare(others([two, three])) == .init(hasNew: true))
        #expect(neighbors.compare(others([three])) == .init(gone: [.init(node: two, isBack: false)]))
        #expect(neighbors.compare(others([three])) == .init())
    }

    @Test func whoSaidThatItStopsIsNotLookedFor() {
        var neighbors = Neighbors()
        _ = neighbors.compare(others([two]))
        neighbors.stop(two)
        #expect(neighbors.compare(others([two])) == .init())
        #expect(neighbors.compare(others([])) == .init(isAlone: true))
        #expect(neighbors.compare(others([again])) == .init(hasNew: true))
        #expect(neighbors.compare(others([])) == .init(gone: [.init(node: again, isBack: false)], isAlone: true))
    }

    /// The database was asked before the server's new life began, and answers afterwards.
    @Test func anAnswerFromBeforeAServerBeganDoesNotBuryIt() {
        var neighbors = Neighbors()
        _ = neighbors.compare(others([two]))
        neighbors.ask()
        #expect(neighbors.meet(again) == two)
        #expect(neighbors.compare(others([two])) == .init())
        neighbors.ask()
        #expect(neighbors.compare(others([again])) == .init())
        neighbors.ask()
        #expect(neighbors.meet(three) == nil)
        #expect(neighbors.compare(others([])) == .init(gone: [.init(node: again, isBack: false)]))
        neighbors.ask()
        #expect(neighbors.compare(others([])) == .init(gone: [.init(node: three, isBack: false)], isAlone: true))
    }

    @Test func whoIsHeardOfIsNotAlone() {
        var neighbors = Neighbors()
        neighbors.ask()
        _ = neighbors.meet(two)
        #expect(neighbors.compare(others([])) == .init())
    }

    @Test func theSilentAreDeadOnlyForWhoMayJudge() {
        var neighbors = Neighbors()
        _ = neighbors.compare(others([two]))
        #expect(neighbors.compare(others([], silent: [two], mayJudge: false)) == .init())
        #expect(neighbors.dead.isEmpty)
        #expect(
            neighbors.compare(others([], silent: [two])) == .init(gone: [.init(node: two, isBack: false)]))
        #expect(neighbors.dead == [two])
        #expect(neighbors.compare(others([again])) == .init(hasNew: true))
        #expect(neighbors.dead.isEmpty)
    }
}
