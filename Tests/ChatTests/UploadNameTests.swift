import Crypto
import Foundation
import Testing

@testable import Chat

@Suite struct FileNameTests {
    @Test(arguments: [
        ("photo.jpg", "photo.jpg"), ("../../etc/passwd", "passwd"), ("C:\\windows\\evil.exe", "evil.exe"),
        ("/", "file"), ("", "file"), ("..", "file"), (".", "file"), ("   ", "file"), ("a/b/", "b"),
        ("line\r\nbreak.txt", "linebreak.txt"), ("nul\u{0}.txt", "nul.txt"), ("\u{202E}gpj.exe", "gpj.exe"),
        ("a\u{2066}b\u{200F}.png", "ab.png"), ("naïve 🦀.png", "naïve 🦀.png"), (".hidden", ".hidden"),
        // What a combining mark stands behind is still what it was.
        ("../\u{301}passwd", "\u{301}passwd"), ("a\\\u{200C}b", "\u{200C}b"), (".\u{202E}.", "file"),
    ])
    func cleaned(raw: String, expected: String) { #expect(FileName.cleaned(raw) == expected) }

    @Test func longNamesKeepTheirEnding() {
        let name = FileName.cleaned(String(repeating: "🦀", count: 200) + ".tar.gz")
        #expect(name.utf8.count <= 255 && name.utf8.count > 245)
        #expect(name.hasSuffix("🦀.gz") || name.hasSuffix(".gz"))
        let noEnding = FileName.cleaned(String(repeating: "x", count: 300))
        #expect(noEnding == String(repeating: "x", count: 255))
        // One character, however long.
        #expect(FileName.cleaned(String(repeating: "\u{301}", count: 200)).utf8.count == 254)
        let marked = FileName.cleaned("a" + String(repeating: "\u{301}", count: 200) + ".txt")
        #expect(marked.utf8.count == 255 && marked.hasSuffix(".txt"))
    }
}

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

    @Test func aTokenStaysTheSameForHours() {
        // At the beginning of a window of six hours; the expiry an hour on is rounded up to its end.
        #expect(links.token(id, now: now) == links.token(id, now: now + 4 * 3600))
        #expect(links.token(id, now: now) != links.token(id, now: now + 6 * 3600))
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

    @Test func anEarlierEpochIsGoodUntilTheNextOneBegins() {
        let moment = Date(timeIntervalSince1970: 10_000)
        let epochs = URLEpochs(current: 10_240, previous: 9_600)
        #expect(epochs.validity(of: 10_240, now: moment) == .max)
        #expect(epochs.validity(of: 9_600, now: moment) == 240)
        #expect(epochs.validity(of: 9_600, now: moment + 239.5) == 0, "good for less than a second more")
        #expect(epochs.validity(of: 9_600, now: moment + 240) == nil)
        #expect(epochs.validity(of: 9_599, now: moment) == nil, "it ended with the one before")
        #expect(URLEpochs(current: 0, previous: 0).validity(of: 0, now: moment) == .max)
    }
}
