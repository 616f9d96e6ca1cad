import Testing

@testable import EngineIO

@Suite struct RandomIDTests {
    @Test func idsAreTwentyCharactersOfURLsAndNeverTheSame() {
        let ids = (0..<1000).map { _ in RandomID.make() }
        #expect(Set(ids).count == 1000)
        let alphabet = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        #expect(ids.allSatisfy { $0.count == 20 && $0.allSatisfy(alphabet.contains) })
        // Each of its places is random.
        for place in 0..<20 { #expect(Set(ids.map { Array($0)[place] }).count > 30, "\(place)") }
    }
}
