import Foundation
import Testing

@testable import ChatModel

@Suite struct UploadsUnderWayTests {
    private func uploader(_ address: UInt8 = 1) -> Uploader { Uploader(user: .make(), address: [10, 0, 0, address]) }

    /// Takes as many places as it gets.
    private func fill(_ uploads: UploadsUnderWay, _ uploader: Uploader) -> [UploadsUnderWay.Place] {
        var places: [UploadsUnderWay.Place] = []
        while let place = try? uploads.enter(uploader, bytes: 1) { places.append(place) }
        return places
    }

    @Test func aUserHasAShare() throws {
        let uploads = UploadsUnderWay()
        let greedy = uploader()
        #expect(fill(uploads, greedy).count == UploadsUnderWay.maxEach)
        #expect { try uploads.enter(greedy, bytes: 1) } throws: { ($0 as? ChatError)?.code == .rateLimited }
        _ = try uploads.enter(uploader(), bytes: 1)
    }

    @Test func anAddressHasAShareHoweverManyItsUsers() throws {
        let uploads = UploadsUnderWay()
        var taken = 0
        for _ in 0..<100 { taken += fill(uploads, uploader()).count }
        #expect(taken <= UploadsUnderWay.maximum / 3 + 1)
        #expect { try uploads.enter(uploader(), bytes: 1) } throws: { ($0 as? ChatError)?.code == .rateLimited }
        #expect(fill(uploads, uploader(2)).count == UploadsUnderWay.maxEach, "others do not notice")
    }

    /// Sixteen users at sixteen addresses took all places.
    @Test func whoHasNoneFindsAPlaceBesideManyGreedyOnes() throws {
        let uploads = UploadsUnderWay()
        for address in 0..<UInt8(24) { _ = fill(uploads, uploader(address)) }
        for _ in 0..<4 { _ = try uploads.enter(uploader(100), bytes: 1) }
        _ = try uploads.enter(uploader(101), bytes: 1)
    }

    @Test func placesThatAreGivenBackAreFree() throws {
        let uploads = UploadsUnderWay()
        let (one, other) = (uploader(), uploader())
        for _ in 0..<3 {
            let places = [one, other].map { fill(uploads, $0) }
            #expect(places.map(\.count) == [UploadsUnderWay.maxEach, UploadsUnderWay.maxEach])
            for place in places.joined() { uploads.leave(place) }
        }
        for address in 0..<UInt8(60) { _ = fill(uploads, uploader(address)) }
        #expect { try uploads.enter(uploader(100), bytes: 1) } throws: { ($0 as? ChatError)?.code == .unavailable }
    }
}
