import ChatModel
import Testing

@testable import ChatStore

@Suite struct SearchCostsTests {
    private func way(
        _ query: String, words: [SearchCondition.Word], own: Int, wanted: Int = 0, whole: Int = 0, beginnings: Int = 0
    ) throws -> MessageStore.SearchWay {
        let condition = try #require(SearchCondition(SearchQuery(query), words: [words.map { [$0] }]))
        return SearchCosts(
            condition, own: own, stored: 1_000_000, sampled: 5_000, wanted: wanted, whole: whole, beginnings: beginnings
        ).cheapest
    }

    private let exact = SearchCondition.Word(text: "a", begins: false)
    private let beginning = SearchCondition.Word(text: "b", begins: true)

    @Test func aRareWordIsTakenFromTheIndex() throws {
        #expect(try way("\"a\"", words: [exact], own: 400_000) == .whole)
        #expect(try way("b", words: [beginning], own: 400_000) == .wanted)
    }

    @Test func aCommonBeginningIsNotCollectedForARareWord() throws {
        #expect(try way("a b", words: [exact, beginning], own: 400_000, whole: 1, beginnings: 4_000) == .whole)
        #expect(try way("a b", words: [exact, beginning], own: 400_000, whole: 3_000, beginnings: 1) == .wanted)
    }

    @Test func whatOnlyOthersUseIsLookedForInOnesOwnMessages() throws {
        #expect(try way("\"a\"", words: [exact], own: 20_000, wanted: 2_000, whole: 2_000) == .own)
        #expect(try way("b", words: [beginning], own: 20_000, wanted: 2_000, beginnings: 2_000) == .own)
        #expect(try way("b", words: [beginning], own: 400_000, wanted: 100, beginnings: 100) == .wanted)
    }

    @Test func moreOfTheNewestAreReadWhereAllElseCostsMore() throws {
        func windows(_ wanted: Int) throws -> [Int] {
            let condition = try #require(SearchCondition(SearchQuery("b"), words: [[[beginning]]]))
            return SearchCosts(
                condition, own: 400_000, stored: 1_000_000, sampled: 5_000, wanted: wanted, whole: 0,
                beginnings: wanted
            ).windows(after: 10_000)
        }
        #expect(try windows(1) == [])
        #expect(try windows(50) == [40_000])
        #expect(try windows(5_000) == [40_000, 160_000])
        #expect(SearchCosts().windows(after: 10_000) == [])
    }
}
