import ChatModel
import Synchronization

/// What is to be done for the cards of links, some time after the messages were stored. It is bounded: what does not fit is
/// not done, and counted.
final class LinkCardQueue: Sendable {
    enum Job: Sendable {
        /// The first link of a message wants a card.
        case make(Wish)
        /// A card was taken away, and perhaps nothing needs its picture's bytes any more.
        case drop(picture: UploadID)
    }

    struct Wish: Sendable {
        var message: MessageID
        var sender: UserID
        var url: String
    }

    /// Wishes that wait or are worked on: in all, and of one sender.
    static let maxWaiting = 200
    static let maxEach = 10

    let overflow = Counter()
    let jobs: AsyncStream<Job>
    private let entry: AsyncStream<Job>.Continuation
    private let isOwn: (@Sendable (String) -> Bool)?
    private let waiting = Mutex((all: 0, each: [UserID: Int]()))

    /// - Parameter isOwn: Whether an address is one of this server's. Without it no cards are made.
    init(isOwn: (@Sendable (String) -> Bool)?) {
        self.isOwn = isOwn
        // Wishes are bounded by their counts. Pictures come one for each change that somebody has already waited for.
        (jobs, entry) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(10 * Self.maxWaiting))
    }

    /// The link of a text that gets a card: the first that leads out of this server.
    func link(in text: String) -> String? {
        guard let isOwn, Self.mayHaveLink(text) else { return nil }
        return LinkedAddresses(in: text).addresses.first { !isOwn($0) }
    }

    /// Most texts have no colon with two slashes behind it.
    private static func mayHaveLink(_ text: String) -> Bool {
        var rest = text.utf8[...]
        while let colon = rest.firstIndex(of: UInt8(ascii: ":")) {
            rest = rest[colon...].dropFirst()
            if rest.starts(with: "//".utf8) { return true }
        }
        return false
    }

    /// Called when a message was stored or edited. Returns at once.
    func offer(_ message: Message) {
        guard message.deletedAt == nil, let url = link(in: message.text), message.card?.url != url else { return }
        let sender = message.sender.id
        let isTaken = waiting.withLock { waiting in
            guard waiting.all < Self.maxWaiting, waiting.each[sender, default: 0] < Self.maxEach else { return false }
            waiting.all += 1
            waiting.each[sender, default: 0] += 1
            return true
        }
        guard isTaken else { return overflow.add() }
        let wish = Wish(message: message.id, sender: sender, url: url)
        if case .enqueued = entry.yield(.make(wish)) { return }
        overflow.add()
        finish(wish)
    }

    func drop(_ picture: UploadID?) {
        guard let picture else { return }
        // The row says that it is removed; `parley verify --repair` finds bytes that stay behind.
        entry.yield(.drop(picture: picture))
    }

    /// The wish has an end, whatever came of it.
    func finish(_ wish: Wish) {
        waiting.withLock { waiting in
            waiting.all -= 1
            let left = waiting.each[wish.sender, default: 1] - 1
            waiting.each[wish.sender] = left > 0 ? left : nil
        }
    }
}
