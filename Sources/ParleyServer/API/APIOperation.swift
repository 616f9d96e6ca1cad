/// Everything that a client can ask of the server. Each case declares here what it needs; `RESTAPI.routes` binds it to a
/// method and a path, and `EventTable.events` to an event. In openapi.yaml it is the `operationId`.
enum APIOperation: String, CaseIterable, Sendable {
    // Accounts and sessions.
    case register, logIn, refresh, logOut, me, changeMe, changePassword, listSessions, endSession
    // People.
    case findUsers, showUser, listBlocked, blockUser, unblockUser
    // Conversations.
    case listConversations, listPublicGroups, showConversation, makeConversation, renameGroup, joinGroup
    case acceptInvitation, leaveGroup, hideConversation, setAttention, listShared, listNotices, listMembers, addMembers
    case setRole, removeMember
    // Messages.
    case listMessages, searchMessages, showMessage, sendMessage, editMessage, deleteMessage, addReaction, removeReaction
    case react, dismissCard, reportMessage, markDelivered, markRead, setTyping, sync, downloadFiles
    // Uploads.
    case describeUploads, describeUpload, uploadForm, uploadBody, continueUpload, overrideUpload, resumeUpload
    case showUpload, deleteUpload, downloadFile, describeFile, downloadThumbnail, describeThumbnail
    // The server.
    case health, ready, describe
}

extension APIOperation {
    /// Who may ask for it.
    enum Access: String, Sendable {
        /// Without an access token.
        case anyone
        /// With an access token, or with something else that the operation checks by itself.
        case anyoneOrCaller
        /// With an access token.
        case caller
    }

    var access: Access {
        switch self {
        case .register, .logIn, .refresh, .describeUploads, .describeUpload, .health, .ready, .describe: .anyone
        // A refresh token, and the token of a file's URL.
        case .logOut, .downloadFile, .describeFile, .downloadThumbnail, .describeThumbnail, .downloadFiles:
            .anyoneOrCaller
        case .me, .changeMe, .changePassword, .listSessions, .endSession,
            .findUsers, .showUser, .listBlocked, .blockUser, .unblockUser,
            .listConversations, .listPublicGroups, .showConversation, .makeConversation, .renameGroup, .joinGroup,
            .acceptInvitation, .leaveGroup, .hideConversation, .setAttention, .listShared, .listNotices, .listMembers,
            .addMembers, .setRole,
            .removeMember, .listMessages, .searchMessages, .showMessage, .sendMessage, .editMessage, .deleteMessage,
            .addReaction,
            .removeReaction, .react, .dismissCard, .reportMessage, .markDelivered, .markRead, .setTyping, .sync,
            .uploadForm, .uploadBody, .continueUpload, .overrideUpload, .resumeUpload, .showUpload, .deleteUpload:
            .caller
        }
    }

    /// Which allowance of its caller it spends. Where nobody is signed in, the address pays as for any such request.
    var limit: RateLimits.Rule {
        switch self {
        case .register: .registrations
        case .sendMessage, .editMessage, .deleteMessage, .addReaction, .removeReaction, .react, .dismissCard,
            .reportMessage:
            .messages
        case .makeConversation, .renameGroup, .joinGroup, .acceptInvitation, .leaveGroup, .hideConversation,
            .setAttention, .addMembers, .setRole, .removeMember:
            .joins
        case .setTyping: .typing
        // The pieces of a resumable upload are no uploads of their own.
        case .uploadForm, .uploadBody: .uploads
        case .logIn, .refresh, .logOut, .me, .changeMe, .changePassword, .listSessions, .endSession,
            .findUsers, .showUser, .listBlocked, .blockUser, .unblockUser,
            .listConversations, .listPublicGroups, .showConversation, .listShared, .listNotices, .listMembers,
            .listMessages, .searchMessages, .showMessage, .markDelivered, .markRead, .sync, .downloadFiles,
            .describeUploads, .describeUpload, .continueUpload, .overrideUpload, .resumeUpload, .showUpload,
            .deleteUpload, .downloadFile, .describeFile, .downloadThumbnail, .describeThumbnail,
            .health, .ready, .describe:
            .requests
        }
    }

    /// Whether the address pays `limit`, whoever is signed in.
    var isPaidByAddress: Bool { self == .register }

    /// Whether its body is a file. Any other body is JSON, which the caller pays for by its size before it is read.
    var receivesFile: Bool {
        switch self {
        case .uploadForm, .uploadBody, .continueUpload, .overrideUpload: true
        default: false
        }
    }

    /// Whether it may come with an access token that is no longer good, and looks at it by itself.
    var acceptsEndedToken: Bool { self == .logOut }
}
