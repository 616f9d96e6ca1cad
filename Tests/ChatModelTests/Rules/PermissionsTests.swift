import Testing

@testable import ChatModel

/// `nil` means that it is allowed.
private func refusal<Value>(_ body: () throws(ChatError) -> Value) -> ChatError.Code? {
    do {
        _ = try body()
        return nil
    } catch {
        return error.code
    }
}

@Suite struct PermissionsTests {
    private let me = UserID.make()
    private let somebody = UserID.make()

    private func inGroup(_ role: Member.Role?, _ visibility: Conversation.Visibility = .private) -> Membership {
        Membership(kind: .group, visibility: visibility, role: role)
    }

    private func direct(_ role: Member.Role?) -> Membership { Membership(kind: .direct, visibility: nil, role: role) }

    @Test func whatDoesNotExistIsNotFound() {
        #expect(refusal { () throws(ChatError) in try Permissions.read(nil) } == .notFound)
        #expect(refusal { () throws(ChatError) in try Permissions.join(nil) } == .notFound)
    }

    @Test func nothingIsShownOfAPrivateConversation() {
        for membership in [inGroup(nil), direct(nil)] {
            #expect(refusal { () throws(ChatError) in try Permissions.see(membership) } == .notFound)
            #expect(refusal { () throws(ChatError) in try Permissions.join(membership) } == .notFound)
            #expect(refusal { () throws(ChatError) in try Permissions.rename(membership) } == .notFound)
            #expect(refusal { () throws(ChatError) in try Permissions.addMembers(membership) } == .notFound)
        }
    }

    @Test func aPublicGroupIsSeenAndJoinedFromOutsideButNotRead() {
        let outside = inGroup(nil, .public)
        #expect(refusal { () throws(ChatError) in try Permissions.see(outside) } == nil)
        #expect(refusal { () throws(ChatError) in try Permissions.join(outside) } == nil)
        #expect(refusal { () throws(ChatError) in try Permissions.read(outside) } == .notAMember)
        #expect(refusal { () throws(ChatError) in try Permissions.addMembers(outside) } == .notAMember)
        #expect(refusal { () throws(ChatError) in try Permissions.leave(outside) } == .notAMember)
    }

    @Test(
        arguments: [
            (Member.Role.owner, nil, nil, nil), (.admin, nil, nil, .forbidden),
            (.member, .forbidden, .forbidden, .forbidden),
        ] as [(Member.Role, ChatError.Code?, ChatError.Code?, ChatError.Code?)])
    func rolesOfAPrivateGroup(
        role: Member.Role, rename: ChatError.Code?, add: ChatError.Code?, changeRole: ChatError.Code?
    ) {
        let membership = inGroup(role)
        #expect(refusal { () throws(ChatError) in try Permissions.rename(membership) } == rename)
        #expect(refusal { () throws(ChatError) in try Permissions.addMembers(membership) } == add)
        #expect(refusal { () throws(ChatError) in try Permissions.changeRole(membership) } == changeRole)
        #expect(refusal { () throws(ChatError) in try Permissions.leave(membership) } == nil)
    }

    @Test func everyMemberOfAPublicGroupMayAdd() {
        #expect(refusal { () throws(ChatError) in try Permissions.addMembers(inGroup(.member, .public)) } == nil)
    }

    @Test func onlyWhoIsBelowCanBeRemoved() {
        let allowed: [Member.Role: Set<Member.Role>] = [
            .owner: [.owner, .admin, .member], .admin: [.member], .member: [],
        ]
        for (role, below) in allowed {
            for target in [Member.Role.owner, .admin, .member] {
                let found = refusal { () throws(ChatError) in
                    try Permissions.removeMember(inGroup(role), target: target)
                }
                #expect(found == (below.contains(target) ? nil : .forbidden), "\(role) removes \(target)")
            }
        }
    }

    @Test func aDirectConversationStaysAsItIs() {
        let membership = direct(.member)
        #expect(refusal { () throws(ChatError) in try Permissions.read(membership) } == nil)
        #expect(refusal { () throws(ChatError) in try Permissions.leave(membership) } == .forbidden)
        #expect(refusal { () throws(ChatError) in try Permissions.rename(membership) } == .forbidden)
        #expect(refusal { () throws(ChatError) in try Permissions.addMembers(membership) } == .forbidden)
        #expect(refusal { () throws(ChatError) in try Permissions.changeRole(membership) } == .forbidden)
        #expect(
            refusal { () throws(ChatError) in try Permissions.removeMember(membership, target: .member) } == .forbidden)
    }

    @Test func messagesBelongToTheirSenders() {
        for role in [Member.Role.owner, .admin, .member] {
            let membership = inGroup(role)
            #expect(
                refusal { () throws(ChatError) in try Permissions.editMessage(membership, sender: me, by: me) } == nil)
            #expect(
                refusal { () throws(ChatError) in try Permissions.editMessage(membership, sender: somebody, by: me) }
                    == .forbidden)
            #expect(
                refusal { () throws(ChatError) in try Permissions.deleteMessage(membership, sender: me, by: me) } == nil
            )
            #expect(
                refusal { () throws(ChatError) in try Permissions.dismissCard(membership, sender: me, by: me) } == nil)
            #expect(
                refusal { () throws(ChatError) in try Permissions.dismissCard(membership, sender: somebody, by: me) }
                    == .forbidden)
            #expect(
                refusal { () throws(ChatError) in try Permissions.deleteMessage(membership, sender: somebody, by: me) }
                    == (role == .member ? .forbidden : nil))
        }
        #expect(
            refusal { () throws(ChatError) in try Permissions.deleteMessage(direct(.owner), sender: somebody, by: me) }
                == .forbidden, "there are no admins of a direct conversation")
        #expect(
            refusal { () throws(ChatError) in try Permissions.editMessage(inGroup(nil), sender: me, by: me) }
                == .notFound,
            "who has left may not change what they wrote")
    }

    @Test func whoIsMutedSaysNothingAndTakesBack() {
        let muted = Membership(kind: .group, visibility: .public, role: .owner, isMuted: true)
        #expect(refusal { () throws(ChatError) in try Permissions.speak(muted) } == .muted)
        #expect(refusal { () throws(ChatError) in try Permissions.rename(muted) } == .muted)
        #expect(refusal { () throws(ChatError) in try Permissions.addMembers(muted) } == .muted)
        #expect(refusal { () throws(ChatError) in try Permissions.editMessage(muted, sender: me, by: me) } == .muted)
        #expect(refusal { () throws(ChatError) in try Permissions.react(muted, add: true) } == .muted)
        #expect(refusal { () throws(ChatError) in try Permissions.react(muted, add: false) } == nil)
        #expect(refusal { () throws(ChatError) in try Permissions.deleteMessage(muted, sender: me, by: me) } == nil)
        #expect(refusal { () throws(ChatError) in try Permissions.dismissCard(muted, sender: me, by: me) } == nil)
        #expect(refusal { () throws(ChatError) in try Permissions.leave(muted) } == nil)
        #expect(refusal { () throws(ChatError) in try Permissions.read(muted) } == nil)
    }

    @Test func whoeverWasRemovedIsBroughtBackByOwnersAndAdmins() {
        let removed = Membership(kind: .group, visibility: .public, role: nil, wasRemoved: true)
        #expect(refusal { () throws(ChatError) in try Permissions.join(removed) } == .forbidden)
        #expect(refusal { () throws(ChatError) in try Permissions.see(removed) } == nil)
        for (role, expected) in [(Member.Role.owner, nil), (.admin, nil), (.member, ChatError.Code.forbidden)] {
            let membership = inGroup(role, .public)
            #expect(
                refusal { () throws(ChatError) in try Permissions.addMembers(membership, bringingBack: true) }
                    == expected
            )
        }
    }
}
