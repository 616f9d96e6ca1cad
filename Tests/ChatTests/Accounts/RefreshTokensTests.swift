import Crypto
import Testing

@testable import Chat

@Suite struct RefreshTokensTests {
    private let old = SymmetricKey(size: .bits256)
    private let new = SymmetricKey(size: .bits256)

    @Test func aTokenHasOneSuccessor() {
        let tokens = RefreshTokens(secret: new, previous: nil)
        let first = RefreshTokens.make()
        #expect(first != RefreshTokens.make())
        #expect(tokens.successors(of: first) == tokens.successors(of: first))
        var chain: Set<String> = [first]
        var last = first
        for _ in 0..<100 {
            last = tokens.successors(of: last)[0]
            #expect(last.utf8.count == 43 && chain.insert(last).inserted)
        }
    }

    @Test func theSecretMakesIt() {
        let token = RefreshTokens.make()
        let before = RefreshTokens(secret: old, previous: nil).successors(of: token)
        #expect(RefreshTokens(secret: new, previous: nil).successors(of: token) != before)
        let both = RefreshTokens(secret: new, previous: old).successors(of: token)
        #expect(both.count == 2 && both[1] == before[0])
    }
}
