public import Foundation
import Logging
import Synchronization

/// Who is connected, by how many devices. Costs the database nothing while people stay: it is asked once when somebody
/// comes and told once when somebody goes.
public final class Presence: Sendable {
    private let devices = Mutex<[UserID: Int]>([:])
    private let conversations: ConversationStore
    private let users: UserStore
    private let events: any EventSink
    private let logger: Logger

    init(conversations: ConversationStore, users: UserStore, events: any EventSink, logger: Logger) {
        self.conversations = conversations
        self.users = users
        self.events = events
        self.logger = logger
    }

    public func isOnline(_ user: UserID) -> Bool { devices.withLock { $0[user] != nil } }

    func online(among users: [UserID]) -> [UserID] {
        devices.withLock { devices in users.filter { devices[$0] != nil } }
    }

    public var count: Int { devices.withLock { $0.count } }

    /// A device of `user` connected: counted at once, so that a going that overtakes the telling is counted as well.
    /// - Returns: whether it is the first.
    public func enter(_ user: UserID) -> Bool {
        devices.withLock { devices in
            devices[user, default: 0] += 1
            return devices[user] == 1
        }
    }

    /// A device of `user` disconnected. Returns whether it was the last.
    public func leave(_ user: UserID) -> Bool {
        devices.withLock { devices in
            guard let count = devices[user] else { return false }
            devices[user] = count == 1 ? nil : count - 1
            return count == 1
        }
    }

    /// Who of those that should know of `user` is online; they are told if it is the user's first device.
    public func announceArrival(of user: UserID, first: Bool) async throws -> [UserID] {
        let present = online(among: try await conversations.audience(of: user))
        // Gone again while the question was asked: its going is told by itself.
        if first, isOnline(user) {
            events.deliver(.userStatus(user: user, status: .online, lastSeenAt: nil, audience: present))
        }
        return present
    }

    /// With the last device the user goes offline.
    public func announceDeparture(of user: UserID, now: Date = Date()) async {
        do {
            try await users.touch(user, seen: now)
            let present = online(among: try await conversations.audience(of: user))
            if !isOnline(user) {
                events.deliver(.userStatus(user: user, status: .offline, lastSeenAt: now, audience: present))
            }
        } catch {
            logger.warning("a departure could not be recorded", metadata: ["error": "\(error)"])
        }
    }

    /// Adds what others are shown of a person: whether they are there, and since when not.
    func describe(_ user: inout User) {
        let online = isOnline(user.id)
        user.status = online ? .online : .offline
        if online { user.lastSeenAt = nil }
    }

    func describe(_ conversation: inout Conversation) {
        for index in conversation.members.indices { describe(&conversation.members[index].user) }
    }
}
