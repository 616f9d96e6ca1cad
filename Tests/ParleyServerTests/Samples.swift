import Foundation
import NIOFoundationCompat

@testable import Chat
@testable import ChatModel
@testable import ParleyServer

/// Values of each wire type: with every field, and with the required ones only.
enum Samples {
    private static func id<Entity>(_ last: Int) -> ID<Entity> {
        ID(String(format: "0190a1b2-0000-7000-8000-%012d", last)) ?? .unknown
    }

    private static let time = Date(timeIntervalSince1970: 1_769_851_800.123)

    static let sender = Sender(id: id(1), username: "ann", displayName: "Ann")

    static let upload = Upload(
        id: id(2), ownerId: id(1), name: "sea.mp4", type: "video/mp4", size: 123_456_789_012,
        sha256: String(repeating: "ab", count: 32), kind: .video, width: 3, height: 4, duration: 12.5,
        blurhash: "L~#", waveform: [0, 255], url: "/upload/x/file?token=y",
        thumbnails: [.init(size: "small", width: 1, height: 2, url: "/upload/x/thumbnail/small?token=y")],
        createdAt: time, alt: "a calm sea", isCleaned: false, isOwnerOnly: true)
    static let sparseUpload = Upload(
        id: id(2), ownerId: id(1), name: "n", type: "text/plain", size: 0, sha256: String(repeating: "0", count: 64),
        kind: .file, url: "/upload/x/file?token=y", thumbnails: [], createdAt: time)

    static let statusMessage = StatusMessage(text: "on holiday", emoji: "🌴", until: time)
    static let sparseStatusMessage = StatusMessage(text: "on holiday")

    static let doNotDisturb = DoNotDisturb(
        until: time, hours: .init(from: 22 * 60 + 5, to: 7 * 60, timeZone: "Europe/Berlin"))!
    static var sparseDoNotDisturb: DoNotDisturb {
        var nothing = doNotDisturb
        (nothing.until, nothing.hours) = (nil, nil)
        return nothing
    }

    static let user = User(
        id: id(1), username: "ann", displayName: "Ann", about: "likes the sea", avatar: upload, createdAt: time,
        status: .offline, lastSeenAt: time, isClosed: true,
        statusMessage: statusMessage, doNotDisturb: doNotDisturb, mutedUntil: time)
    static let sparseUser = User(id: id(1), username: "ann", displayName: "Ann", createdAt: time)

    static let session = Session(id: id(3), createdAt: time, lastUsedAt: time, userAgent: "curl/8", current: true)

    static let card = LinkCard(
        url: "https://example.org/", title: "Title", description: "Description", siteName: "Site",
        picture: LinkCard.Picture(upload))
    static let sparseCard = LinkCard(url: "https://example.org/", title: "Title")

    static let message = Message(
        id: id(4), conversationId: id(5), seq: 1, revision: 2, sender: sender, text: "hello", attachments: [upload],
        filesUrl: "/messages/x/files.zip?token=y", mentions: [id(1)], mentionsAll: true,
        card: card,
        replyTo: id(6), reactions: [.init(emoji: "👍", userIds: [id(1)])], clientId: "a", status: .read,
        createdAt: time, editedAt: time, deletedAt: time)
    static let sparseMessage = Message(
        id: id(4), conversationId: id(5), seq: 1, revision: 2, sender: sender, text: "", attachments: [],
        reactions: [], status: .sent, createdAt: time)

    static let attention = Attention(
        notifications: .mentions, mutedUntil: time, isPinned: true, isArchived: true, isMarkedUnread: true,
        version: 7)

    static let sharedItem = SharedItem(
        messageId: id(4), seq: 1, sender: sender, text: "hello", createdAt: time, attachment: upload,
        links: ["https://chat.example"])
    static let sparseSharedItem = SharedItem(
        messageId: id(4), seq: 1, sender: sender, text: "", createdAt: time)

    static let notice = GroupNotice(
        id: 1, seq: 0, kind: .added, by: sender, people: [sender], count: 1, title: "Team", at: time)
    static let sparseNotice = GroupNotice(id: 2, seq: 1, kind: .left, at: time)

    static let member = Member(user: user, role: .owner, deliveredSeq: 3, readSeq: 2)
    static let sparseMember = Member(user: sparseUser, role: .member, deliveredSeq: 0, readSeq: 0)

    static let conversation = Conversation(
        id: id(5), kind: .group, title: "Sea", visibility: .public, members: [member], memberCount: 1, lastSeq: 1,
        revision: 2, lastMessage: message, me: .init(role: .owner, deliveredSeq: 3, readSeq: 2, attention: attention),
        others: .init(deliveredSeq: 2, readSeq: 1), unreadCount: 0, invitation: .init(by: sender, at: time),
        createdAt: time,
        updatedAt: time)
    static let sparseConversation = Conversation(
        id: id(5), kind: .direct, members: [], memberCount: 2, lastSeq: 0, revision: 1, unreadCount: 0,
        createdAt: time, updatedAt: time)

    private static let changes = Sync.Changes(
        id: id(5), revision: 2, conversation: conversation, messages: [message], more: true)
    private static let sparseChanges = Sync.Changes(id: id(5), revision: 2, messages: [], more: false)

    private static let marks = MemberMarks(
        conversation: id(5), user: id(1), deliveredSeq: 2, readSeq: 1, unreadCount: 0, unreadMentions: 0,
        attention: attention)
    private static let sparseMarks = MemberMarks(conversation: id(5), user: id(1), deliveredSeq: 2, readSeq: 1)

    private static let banned = {
        var banned = ChatError(.banned, "this account is closed", field: "text")
        banned.ban = Ban(reason: "spam", until: time)
        return banned
    }()

    /// By the names of openapi.yaml's schemas.
    static let schemas: [String: (full: any JSONWritable, sparse: any JSONWritable)] = [
        "Conversation": (conversation, sparseConversation),
        "Device": (session, session),
        "LinkCard": (card, sparseCard),
        "Member": (member, sparseMember),
        "GroupNotice": (notice, sparseNotice),
        "Message": (message, sparseMessage),
        "Problem": (Problem(banned), Problem(ChatError(.notFound, "no such resource"))),
        "Sender": (sender, sender),
        "SharedItem": (sharedItem, sparseSharedItem),
        "Session": (
            SignInAnswer(user: user, accessToken: "a", expiresIn: 900, refreshToken: "r"),
            SignInAnswer(user: sparseUser, accessToken: "a", expiresIn: 900)
        ),
        "Thumbnail": (upload.thumbnails[0], upload.thumbnails[0]),
        "Upload": (upload, sparseUpload),
        "User": (user, sparseUser), "StatusMessage": (statusMessage, sparseStatusMessage),
        "DoNotDisturb": (doNotDisturb, sparseDoNotDisturb),
    ]

    /// By the operation that answers with it: what has no name in openapi.yaml.
    static let answers: [APIOperation: (full: any JSONWritable, sparse: any JSONWritable)] = [
        .findUsers: (UserList(users: [user]), UserList(users: [])),
        .health: (
            HealthRoutes.Status(status: "ok", version: "1"), HealthRoutes.Status(status: "ok", version: "1")
        ),
        .listBlocked: (UserList(users: [user]), UserList(users: [])),
        .listConversations: (
            ConversationList(conversations: [conversation], nextCursor: "c"), ConversationList(conversations: [])
        ),
        .listMembers: (MemberList(members: [member], nextCursor: "c"), MemberList(members: [])),
        .listShared: (
            SharedItemList(items: [sharedItem], nextCursor: "9-0"), SharedItemList(items: [])
        ),
        .listNotices: (NoticeList(notices: [notice], nextCursor: "0-1"), NoticeList(notices: [])),
        .listMessages: (MessageList(([message], true)), MessageList(([], false))),
        .listSessions: (SessionList(sessions: [session]), SessionList(sessions: [])),
        .ready: (HealthRoutes.Status(status: "ready"), HealthRoutes.Status(status: "ready")),
        .sendMessage: (MessageAnswer(message: message), MessageAnswer(message: sparseMessage)),
        .uploadForm: (UploadList(uploads: [upload]), UploadList(uploads: [])),
    ]

    /// An event has the marks of one member, or those of several: here it has both, and neither.
    private struct EveryFieldOfMarks: JSONWritable {
        var marks: MemberMarks

        func write(to json: inout JSONWriter) {
            json.object { json in
                json.fields(of: marks, alone: true)
                json.field("marks", [marks]) { json, marks in json.object { $0.fields(of: marks, alone: false) } }
            }
        }
    }

    private struct OnlyConversation: JSONWritable {
        var id: ConversationID

        func write(to json: inout JSONWriter) { json.object { $0.field("conversationId", id) } }
    }

    /// By the event that the server sends.
    static let payloads: [ServerEvent: (full: any JSONWritable, sparse: any JSONWritable)] = [
        .ready: (
            Ready(user: user, online: [id(1)], undelivered: [id(5): 1], cursor: "c"),
            Ready(user: sparseUser, online: [], undelivered: [:], cursor: "c")
        ),
        .messageReceived: (message, sparseMessage), .messageUpdated: (message, sparseMessage),
        .messageDeleted: (message, sparseMessage),
        .messageReactions: both(
            ReactionChange(
                reacting: Reacting(emoji: "👍", user: id(1), isAdded: true, revision: 2), message: message)),
        .messageStatus: (EveryFieldOfMarks(marks: sparseMarks), OnlyConversation(id: id(5))),
        .typing: (
            TypingChange(conversation: id(5), user: id(1), typist: sender),
            TypingChange(conversation: id(5), user: id(1))
        ),
        .userStatus: (
            StatusChange(user: id(1), status: .offline, lastSeenAt: time), StatusChange(user: id(1), status: .online)
        ),
        .userUpdated: (user, sparseUser),
        .userMuted: (MuteChange(until: time), MuteChange()),
        .userSettings: (
            SettingsChange(conversation: id(5), attention: attention),
            SettingsChange(conversation: id(5), attention: Attention())
        ),
        .userBlocked: both(BlockChange(user: id(1), isBlocked: true)),
        .conversationCreated: (conversation, sparseConversation),
        .conversationUpdated: (conversation, sparseConversation),
        .conversationRenamed: both(TitleChange(conversation: id(5), title: "Sea", revision: 2)),
        .conversationRemoved: both(ConversationRemoval(conversation: id(5), revision: 7)),
        .memberUpdated: both(RoleChange(conversation: id(5), user: id(1), role: .admin, revision: 2)),
        .memberJoined: both(
            MemberCount(
                conversation: id(5), user: id(1), member: member, change: .init(memberCount: 2, revision: 3))),
        .memberLeft: both(
            MemberCount(conversation: id(5), user: id(1), change: .init(memberCount: 2, revision: 3))),
        .sessionRevoked: (SessionEnd(code: .banned, ban: Ban(reason: "spam", until: time)), SessionEnd(code: .banned)),
    ]

    private static func both(_ value: any JSONWritable) -> (full: any JSONWritable, sparse: any JSONWritable) {
        (value, value)
    }

    /// By the event that it acknowledges; beside `ok`.
    static let acknowledgements: [String: (full: any JSONWritable, sparse: any JSONWritable)] = [
        "conversation:accept": both(ConversationAnswer(conversation: conversation)),
        "conversation:settings": both(ConversationAnswer(conversation: conversation)),
        "conversation:join": both(JoinAnswer(conversation: conversation, messages: [message])),
        "message:send": both(MessageAnswer(message: message, isAcknowledgement: true)),
        "sync": (
            SyncAnswer(
                conversations: [changes], removed: ["x"],
                unrevised: .init(marks: [marks], users: [user], cursor: .init("c"), more: true)),
            SyncAnswer(
                conversations: [sparseChanges], removed: [],
                unrevised: .init(marks: [sparseMarks], users: [sparseUser], cursor: .init("c")))
        ),
    ]
}

extension JSONWritable {
    /// What it writes, as Foundation reads it.
    var object: Any {
        get throws { try JSONSerialization.jsonObject(with: Data(buffer: json), options: .fragmentsAllowed) }
    }
}
