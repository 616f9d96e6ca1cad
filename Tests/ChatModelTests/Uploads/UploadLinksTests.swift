import Crypto
import Foundation
import Testing

@testable import ChatModel

@Suite struct UploadLinksTests {
    private let links = UploadLinks(secret: SymmetricKey(data: Data(repeating: 1, count: 32)))
    private let id = UploadID.make()
    private let now = Date(timeIntervalSince1970: 83_333 * 6 * 3600)

    @Test func aTokenIsGoodForItsUploadUntilItExpires() {
        let token = links.token(id, now: now)
        guard case .valid(let seconds, shownIn: nil) = links.verify(token, for: id, now: now) else {
            Issue.record("a fresh token is not valid")
            return
        }
        #expect(seconds >= 3600 && seconds <= 3600 + 6 * 3600)
        #expect(links.verify(token, for: id, now: now + Double(seconds) - 1) == .valid(for: 1, shownIn: nil))
        #expect(links.verify(token, for: id, now: now + Double(seconds) + 1) == .expired)
        #expect(links.verify(token, for: .make(), now: now) == .forged)
    }

    @Test func urlsAreBelowTheBasePath() {
        let below = UploadLinks(secret: SymmetricKey(size: .bits256), basePath: "/chat")
        let urls = below.urls(of: id, in: nil)
        #expect(urls.file.hasPrefix("/chat/upload/\(id)/file?token="))
        #expect(urls.thumbnail("small").hasPrefix("/chat/upload/\(id)/thumbnail/small?token="))
        #expect(below.unsigned(id) == "/chat/upload/\(id)/file")
        #expect(links.urls(of: id, in: nil).file.hasPrefix("/upload/\(id)/file?token="))
    }

    @Test func aTokenOfAMessagesFilesOpensNothingElse() throws {
        let showing = UploadLinks.Showing(conversation: .make(), epoch: 1)
        let message = try #require(MessageID("\(id)"))
        let url = links.archive(of: message, in: showing)
        #expect(url.hasPrefix("/messages/\(message)/files.zip?token="))
        let token = links.token(.files(of: message), in: showing, now: now)
        guard case .valid(_, let found) = links.verify(token, for: .files(of: message), now: now) else {
            Issue.record("a fresh token is not valid")
            return
        }
        #expect(found == showing)
        #expect(links.verify(token, for: id, now: now) == .forged, "an upload of the same id")
        #expect(links.verify(links.token(id, in: showing, now: now), for: .files(of: message), now: now) == .forged)
        #expect(links.verify(token, for: .files(of: .make()), now: now) == .forged)
    }

    @Test func aTokenStaysTheSameForHours() {
        // At the beginning of a window of six hours; the expiry an hour on is rounded up to its end.
        #expect(links.token(id, now: now) == links.token(id, now: now + 4 * 3600))
        #expect(links.token(id, now: now) != links.token(id, now: now + 6 * 3600))
    }

    @Test func aURLThatWasSignedBeforeHasTheTokenOfItsTime() {
        let (first, second) = (ConversationID.make(), ConversationID.make())
        let cases: [(showing: UploadLinks.Showing?, now: Date)] = [
            (nil, now), (.init(conversation: first, epoch: 1), now), (.init(conversation: first, epoch: 2), now),
            (.init(conversation: second, epoch: 1), now), (nil, now + 6 * 3600),
        ]
        for _ in 1...2 {
            for (showing, now) in cases {
                let url = links.urls(of: id, in: showing, now: now).file
                #expect(url.hasSuffix("/file?token=\(links.token(id, in: showing, now: now))"))
            }
        }
    }

    @Test func whatIsTamperedWithIsForged() {
        let token = links.token(id, now: now)
        let other = UploadLinks(secret: SymmetricKey(data: Data(repeating: 2, count: 32)))
        #expect(other.verify(token, for: id, now: now) == .forged)
        let parts = token.split(separator: ".")
        // The last character stands for two bits more than there are.
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        for digit in digits where digit != token.last {
            #expect(links.verify(token.dropLast() + String(digit), for: id, now: now) == .forged)
        }
        for bad in ["", ".", "x", "zzzz.\(parts[1])", "\(parts[0]).", "\(parts[0]).AAAA", token + "x", ".\(token)"] {
            #expect(links.verify(bad, for: id, now: now) == .forged, "\(bad)")
        }
    }

    @Test func aTokenNamesTheConversationInWhichItWasShown() {
        let showing = UploadLinks.Showing(conversation: .make(), epoch: 83_333 * 6 * 3600 - 240)
        let token = links.token(id, in: showing, now: now)
        guard case .valid(let seconds, let found) = links.verify(token, for: id, now: now) else {
            Issue.record("a fresh token is not valid")
            return
        }
        #expect(found == showing && seconds >= 3600)
        #expect(token == links.token(id, in: showing, now: now + 4 * 3600))
        #expect(links.verify(token, for: id, now: now + Double(seconds) + 1) == .expired)
        // Without its conversation, of another epoch, or with another one's claims it is nothing.
        let parts = token.split(separator: ".")
        let other = links.token(id, in: .init(conversation: .make(), epoch: 0), now: now).split(separator: ".")
        let unbound = links.token(id, now: now).split(separator: ".")
        for bad in [
            [parts[0], parts[3]], [parts[0], parts[1], "zzzzzz", parts[3]], [parts[0], other[1], parts[2], parts[3]],
            [parts[0], parts[1], parts[2], unbound[1]], [parts[1], parts[2], parts[3]],
        ] {
            #expect(links.verify(bad.joined(separator: "."), for: id, now: now) == .forged, "\(bad)")
        }
        #expect(links.verify(token, for: .make(), now: now) == .forged)
    }
}
