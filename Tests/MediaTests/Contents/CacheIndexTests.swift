import Testing

@testable import Media

@Suite struct CacheIndexTests {
    @Test func whatNobodyAskedForGoesFirst() {
        var index = CacheIndex(maxBytes: 100)
        for name in ["a", "b", "c", "d"] { #expect(index.insert(name, size: 25).isEmpty) }
        #expect(index.find("a") == 25)
        #expect(index.insert("e", size: 25).map(\.name) == ["b"], "a was asked for")
        #expect(index.find("b") == nil && index.find("a") == 25 && index.bytes == 100)
    }

    @Test func itNeverHoldsMoreThanItMay() {
        var index = CacheIndex(maxBytes: 1000)
        for number in 0..<1000 {
            _ = index.insert("\(number)", size: number % 200)
            if number % 3 == 0 { _ = index.find("\(number)") }
            if number % 7 == 0 { index.remove("\(number - 1)") }
            #expect(index.bytes <= 1000)
        }
        #expect(index.count > 3)
    }

    @Test func whatIsTooLargeIsNotHeld() {
        var index = CacheIndex(maxBytes: 100)
        #expect(index.insert("a", size: 26).map(\.name) == ["a"])
        #expect(index.count == 0 && index.bytes == 0)
    }

    @Test func theSameNameCountsOnce() {
        var index = CacheIndex(maxBytes: 100)
        #expect(index.insert("a", size: 20).isEmpty && index.insert("a", size: 20).isEmpty)
        #expect(index.bytes == 20)
        index.remove("a")
        #expect(index.insert("a", size: 20).isEmpty, "its old place in the line does not matter")
        #expect(index.bytes == 20)
    }
}
