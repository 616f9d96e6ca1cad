import Foundation
import Testing

@testable import Media

@Suite struct ContentStoreTests {
    private let id = BlobID(hex: String(repeating: "ab", count: 32))

    @Test func eachPlaceHasAKeyOfItsOwn() throws {
        let id = try #require(id)
        let one = try #require(ContentPlace.make(id, unique: UUID().uuidString))
        let other = try #require(ContentPlace.make(id, unique: UUID().uuidString))
        #expect(one != other && one.key?.hasPrefix("ab/ab/\(id.hex)/") == true)
        #expect(one.objectKey(.thumbnail(.small)) == (one.key ?? "") + ".small.webp")
        #expect(ContentPlace(id).objectKey(.served) == nil)
    }

    /// A prepared database must not lead to other objects.
    @Test(arguments: ["", "x", "ab/ab/", "../../x", "tmp/00000000-0000-0000-0000-000000000000"])
    func aKeyThatNoServerMadeIsNone(_ key: String) throws {
        let id = try #require(id)
        #expect(ContentPlace(id, key: key) == nil)
        let prefix = "ab/ab/\(id.hex)/"
        #expect(ContentPlace(id, key: prefix + "00000000-0000-0000-0000-000000000000") != nil)
        #expect(ContentPlace(id, key: prefix + "../../00000000-0000-0000-0000-0000000") == nil)
        let other = try #require(BlobID(hex: String(repeating: "cd", count: 32)))
        #expect(ContentPlace(other, key: prefix + "00000000-0000-0000-0000-000000000000") == nil)
    }
}
