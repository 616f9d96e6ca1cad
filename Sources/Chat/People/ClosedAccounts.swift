import ChatStore
import Logging

/// Opens accounts again whose ban has ended: their marks count again, and the people around them are told.
struct ClosedAccounts: Sendable {
    private static let period: Duration = .seconds(5)

    let users: UserStore
    let profiles: ProfileAnnouncements
    let logger: Logger

    /// Looks until the task is cancelled.
    func run() async {
        while (try? await Task.sleep(for: Self.period)) != nil { await look() }
    }

    func look() async {
        do {
            try await profiles.changed(try await users.reopen())
        } catch {
            logger.debug("ended bans are looked for later", metadata: ["error": "\(error)"])
        }
    }
}
