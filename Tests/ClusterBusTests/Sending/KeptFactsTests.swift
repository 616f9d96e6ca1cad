import ChatModel
import Testing

@testable import ClusterBus

@Suite struct KeptFactsTests {
    private func fact(_ revision: Int) -> BusEvent { BusEvent(.look, .unknown, revision: revision) }

    @Test func whatIsOlderThanAnAnswerOfNobodyIsForgotten() {
        var facts = KeptFacts()
        facts.add(fact(1))
        facts.beginAsking()
        facts.add(fact(2))
        facts.forgetOlder()
        facts.beginAsking()
        facts.add(fact(3))
        #expect(facts.take() == [fact(2), fact(3)])
        #expect(facts.take().isEmpty)
    }

    @Test func moreThanCanBeKeptIsSaid() {
        var facts = KeptFacts()
        for number in 1...KeptFacts.max { facts.add(fact(number)) }
        #expect(!facts.wereTooMany)
        facts.add(fact(0))
        #expect(facts.wereTooMany && facts.take().count == KeptFacts.max)
        #expect(!facts.wereTooMany)
    }

    /// What could not be kept may be older or newer than the question.
    @Test(arguments: [false, true]) func moreThanCanBeKeptIsForgottenIfOlder(isNewer: Bool) {
        var facts = KeptFacts()
        for number in 1...KeptFacts.max { facts.add(fact(number)) }
        if !isNewer { facts.add(fact(0)) }
        facts.beginAsking()
        if isNewer { facts.add(fact(0)) }
        facts.forgetOlder()
        #expect(facts.wereTooMany == isNewer)
        facts.add(fact(1))
        #expect(facts.wereTooMany == isNewer)
        facts.beginAsking()
        facts.forgetOlder()
        #expect(!facts.wereTooMany)
    }
}
