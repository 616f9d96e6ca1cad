import Foundation
import Testing

@testable import Media

@Suite struct CacheIndexTests {
    private let now = Date(timeIntervalSince1970: 1_000_000)

    @Test func whatNobodyAskedForGoesFirst() {
        var index = CacheIndex(maxBytes: 100)
        for name in ["a", "b", "c", "d"] { #expect(index.insert(name, size: 25, written: now).isEmpty) }
        #expect(index.find("a") == 25)
        #expect(index.insert("e", size: 25, written: now).map(\.name) == ["b"], "a was asked for")
        #expect(index.find("b") == nil && index.find("a") == 25 && index.bytes == 100)
    }

    @Test func itNeverHoldsMoreThanItMay() {
        var index = CacheIndex(maxBytes: 1000)
        for number in 0..<1000 {
            _ = index.insert("\(number)", size: number % 200, written: now)
            if number % 3 == 0 { _ = index.find("\(number)") }
            if number % 7 == 0 { index.remove("\(number - 1)") }
            #expect(index.bytes <= 1000)
        }
        #expect(index.count > 3)
    }

    @Test func whatIsTooLargeIsNotHeld() {
        var index = CacheIndex(maxBytes: 100)
        #expect(index.insert("a", size: 26, written: now).map(\.name) == ["a"])
        #expect(index.count == 0 && index.bytes == 0)
    }

    @Test func theSameNameCountsOnce() {
        var index = CacheIndex(maxBytes: 100)
        #expect(index.insert("a", size: 20, written: now).isEmpty && index.insert("a", size: 20, written: now).isEmpty)
        #expect(index.bytes == 20)
        index.remove("a")
        #expect(index.insert("a", size: 20, written: now).isEmpty, "its old place in the line does not matter")
        #expect(index.bytes == 20)
    }

    /// Also what many ask for.
    @Test func whatIsOldGoes() {
        var index = CacheIndex(maxBytes: 100)
        for (name, age) in [("a", 10.0), ("b", 20), ("c", 21), ("later", -1)] {
            #expect(index.insert(name, size: 10, written: now - age).isEmpty)
        }
        #expect(index.find("c") == 10)
        #expect(Set(index.removeOld(now - 20, now: now).map(\.name)) == ["c", "later"])
        #expect(index.find("c") == nil && index.find("b") == 10 && index.bytes == 20 && index.count == 2)
        #expect(index.removeOld(now - 20, now: now).isEmpty)
    }
}
