package import WebFetch

/// How the cards of links are made.
package struct LinkCardSettings: Sendable {
    package var fetcher: WebFetcher
    /// Whether an address is one of this server's own, which a card would say nothing about.
    package var isOwn: @Sendable (String) -> Bool

    package init(fetcher: WebFetcher, isOwn: @escaping @Sendable (String) -> Bool) {
        self.fetcher = fetcher
        self.isOwn = isOwn
    }
}
