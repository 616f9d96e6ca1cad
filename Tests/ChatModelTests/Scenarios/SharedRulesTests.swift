import Foundation
import Testing

@testable import ChatModel

/// The cases of Tests/permissions.json and Tests/limits.json. The web client is tested with the same ones
/// (web/test/rules.test.ts), so it offers what the server allows.
@Suite struct SharedRulesTests {
    private typealias Question = @Sendable (Membership?) throws -> Void

    private static let me = UserID.make()
    private static let somebody = UserID.make()

    private static let questions: [String: Question] = [
        "see": { _ = try Permissions.see($0) },
        "read": { try Permissions.read($0) },
        "speak": { try Permissions.speak($0) },
        "join": { try Permissions.join($0) },
        "leave": { try Permissions.leave($0) },
        "hide": { try Permissions.hide($0) },
        "rename": { try Permissions.rename($0) },
        "addMembers": { try Permissions.addMembers($0) },
        "addMembers, bringing back": { try Permissions.addMembers($0, bringingBack: true) },
        "removeMember, an owner": { try Permissions.removeMember($0, target: .owner) },
        "removeMember, an admin": { try Permissions.removeMember($0, target: .admin) },
        "removeMember, a member": { try Permissions.removeMember($0, target: .member) },
        "changeRole": { try Permissions.changeRole($0) },
        "editMessage, own": { try Permissions.editMessage($0, sender: me, by: me) },
        "editMessage, another's": { try Permissions.editMessage($0, sender: somebody, by: me) },
        "react, add": { try Permissions.react($0, add: true) },
        "react, take back": { try Permissions.react($0, add: false) },
        "deleteMessage, own": { try Permissions.deleteMessage($0, sender: me, by: me) },
        "deleteMessage, another's": { try Permissions.deleteMessage($0, sender: somebody, by: me) },
    ]

    @Test func theServerAllowsWhatTheClientOffers() throws {
        let table = try decode(PermissionTable.self, from: "permissions.json")
        #expect(Set(table.questions) == Set(Self.questions.keys))
        for row in table.cases {
            for (name, ask) in Self.questions {
                let expected = row.refused.first { $0.value.contains(name) }?.key
                #expect(refusal { try ask(row.standing?.standing) } == expected, "\(row.who): \(name)")
            }
        }
    }

    @Test func theLimitsAreThoseOfTheClient() throws {
        let checks: [String: @Sendable (Int) throws -> Void] = [
            "username": { _ = try Rules.username(text($0)) },
            "password": { try Rules.password(text($0)) },
            "displayName": { _ = try Rules.displayName(text($0)) },
            "about": { _ = try Rules.about(text($0)) },
            "statusText": { _ = try Rules.status(StatusMessage(text: text($0))) },
            "title": { _ = try Rules.title(text($0)) },
            "nameQuery": { try Rules.nameQuery(text($0)) },
            "reason": { _ = try Rules.reason(text($0)) },
            "text": { try Rules.text(text($0), hasAttachments: true) },
            "alt": { try Rules.alt(text($0)) },
            "attachments": { try Rules.attachments((0..<$0).map { _ in .make() }) },
        ]
        let limits = try decode([String: Limit].self, from: "limits.json")
        #expect(Set(limits.keys) == Set(checks.keys))
        for (name, limit) in limits {
            let check = try #require(checks[name])
            #expect(refusal { try check(limit.least) } == nil, "\(name): \(limit.least)")
            #expect(refusal { try check(limit.most) } == nil, "\(name): \(limit.most)")
            #expect(refusal { try check(limit.most + 1) } == "validation_failed", "\(name): \(limit.most + 1)")
            guard limit.least > 0 else { continue }
            #expect(refusal { try check(limit.least - 1) } == "validation_failed", "\(name): \(limit.least - 1)")
        }
    }

    private func decode<Value: Decodable>(_ type: Value.Type, from name: String) throws -> Value {
        let file = URL(filePath: #filePath + "/../../../" + name).standardized
        return try JSONDecoder().decode(type, from: Data(contentsOf: file))
    }
}

/// The code of the refusal; nil if there is none.
private func refusal(_ body: () throws -> Void) -> String? {
    do {
        try body()
        return nil
    } catch {
        return (error as? ChatError)?.code.description ?? "\(error)"
    }
}

/// A text of this many characters that is also a name, and a password that is not too easy to guess.
private func text(_ count: Int) -> String {
    let letters = Array("q9ZrT4vLw8")
    return String((0..<count).map { letters[$0 % letters.count] })
}

private struct PermissionTable: Decodable {
    struct Case: Decodable {
        var who: String
        var standing: Standing?
        /// Questions by the code of their refusal.
        var refused: [String: [String]]
    }

    struct Standing: Decodable {
        var kind: Conversation.Kind
        var visibility: Conversation.Visibility?
        var role: Member.Role?
        var isMuted: Bool?
        var isShutOut: Bool?
        var wasRemoved: Bool?

        var standing: Membership {
            Membership(
                kind: kind, visibility: visibility, role: role, isMuted: isMuted ?? false,
                isShutOut: isShutOut ?? false, wasRemoved: wasRemoved ?? false)
        }
    }

    var questions: [String]
    var cases: [Case]
}

private struct Limit: Decodable {
    var least: Int
    var most: Int
}
