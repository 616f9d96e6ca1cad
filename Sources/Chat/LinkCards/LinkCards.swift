import ChatModel
import ChatStore
import Foundation
import Logging
import Media
import WebFetch

/// Makes the cards of links, after their messages were stored, and beside everything else.
///
/// The server asks for a page once, so that nobody who reads the message has to: its readers stay unknown to whoever put the
/// link there. A server that ends forgets what it had not done yet. Then the message has no card.
struct LinkCards: Sendable {
    let queue: LinkCardQueue
    let settings: LinkCardSettings?
    let messages: Messages
    let uploads: Uploads
    let metrics = Metrics()
    let logger: Logger

    struct Metrics: Sendable {
        let made = Counter()
        /// Pages that could not be had, or say nothing of themselves.
        let none = Counter()
    }

    /// Fetched at once.
    private static let maxAtOnce = 4
    private static let page = WebFetcher.Bounds(maxBytes: 512 << 10, cuts: true, time: .seconds(8))
    private static let picture = WebFetcher.Bounds(maxBytes: 5 << 20, cuts: false, time: .seconds(8))

    /// Runs until the task is cancelled.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            var running = 0
            for await job in queue.jobs {
                if running == Self.maxAtOnce {
                    await group.next()
                    running -= 1
                }
                running += 1
                group.addTask { await perform(job) }
            }
            group.cancelAll()
        }
    }

    private func perform(_ job: LinkCardQueue.Job) async {
        switch job {
        case .make(let wish):
            defer { queue.finish(wish) }
            do {
                if try await make(wish) { metrics.made.add() } else { metrics.none.add() }
            } catch {
                metrics.none.add()
                // Nobody else is told why: that would tell what is in the network.
                logger.debug("a link has no card", metadata: ["error": "\(error)"])
            }
        case .drop(let picture):
            do {
                try await uploads.dropContent(ofRemoved: picture)
            } catch {
                logger.warning("a card's picture could not be deleted", metadata: ["error": "\(error)"])
            }
        }
    }

    private func make(_ wish: LinkCardQueue.Wish) async throws -> Bool {
        guard let fetcher = settings?.fetcher, let address = WebAddress(wish.url),
            try await messages.store.wantsCard(wish.message, for: wish.url)
        else { return false }
        let (head, body) = try await fetcher.fetch(address, accept: "text/html, application/xhtml+xml;q=0.9", Self.page)
        {
            $0 == "text/html" || $0 == "application/xhtml+xml"
        }
        guard let facts = try await uploads.readPage(body, charset: head.charset, for: wish.sender),
            var card = card(of: facts, url: wish.url)
        else { return false }
        let picture = await picture(of: facts, on: head.address, by: fetcher, for: wish)
        card.picture = picture.flatMap { LinkCard.Picture($0) }
        do {
            if try await messages.setCard(card, picture: picture?.id, of: wish.message, by: wish.sender) { return true }
        } catch {
            await forget(picture, of: wish.sender)
            throw error
        }
        await forget(picture, of: wish.sender)
        return false
    }

    /// Nothing carries it yet. What cannot be deleted now, the hourly sweep deletes.
    private func forget(_ picture: Upload?, of sender: UserID) async {
        guard let picture else { return }
        try? await uploads.delete(picture.id, by: sender)
    }

    /// The word filter holds for what the page says, too.
    private func card(of facts: PageFacts, url: String) -> LinkCard? {
        let filter = messages.blockedWords.current
        let texts = [facts.title, facts.description, facts.siteName].map { $0.map(filter.judge) }
        guard !texts.contains(where: { $0?.isRefused == true }), let title = texts[0]?.text else { return nil }
        return LinkCard(url: url, title: title, description: texts[1]?.text, siteName: texts[2]?.text)
    }

    /// Nil where there is none, or none that everybody may see. A card needs no picture.
    private func picture(
        of facts: PageFacts, on page: WebAddress, by fetcher: WebFetcher, for wish: LinkCardQueue.Wish
    ) async -> Upload? {
        guard let image = facts.image, let address = WebAddress(image, relativeTo: page) else { return nil }
        do {
            let (_, body) = try await fetcher.fetch(address, accept: "image/*", Self.picture) { $0.hasPrefix("image/") }
            return try await uploads.keepPicture(body, for: wish.sender)
        } catch {
            logger.debug("a card has no picture", metadata: ["error": "\(error)"])
            return nil
        }
    }
}
