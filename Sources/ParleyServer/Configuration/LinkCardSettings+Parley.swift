import Chat
import NIOPosix
import WebFetch

extension LinkCardSettings {
    /// Threads that wait for names.
    static let threads = 4

    /// Nil where the operator wants no cards.
    init?(_ configuration: ServerConfiguration, threads: NIOThreadPool) {
        guard configuration.linkCards else { return nil }
        let own = configuration.publicOrigin
        self.init(
            fetcher: WebFetcher(
                addresses: AddressGuard(allowing: configuration.linkCardsAllow.compactMap { IPNetwork($0) }),
                resolver: SystemResolver(threads: threads),
                // Many sites describe themselves only to programs that say what they are.
                userAgent: "Mozilla/5.0 (compatible; Parley/\(Version.current); link card bot)"),
            isOwn: { own != nil && WebOrigin($0) == own })
    }
}
