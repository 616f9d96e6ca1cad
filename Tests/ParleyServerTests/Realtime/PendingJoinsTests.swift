import ChatModel
import Testing

@testable import ParleyServer

@Suite struct PendingJoinsTests {
    private let joins = PendingJoins()
    private let user = UserID.make()
    private let group = ConversationID.make()
    private let other = ConversationID.make()

    /// The rooms that a joining socket enters; nil where the joining has ended already.
    private func end(
        _ join: PendingJoins.Join, of user: UserID? = nil, listed: [ConversationID]
    ) -> Set<ConversationID>? {
        var joined: Set<ConversationID>?
        joins.end(join, of: user ?? self.user, listed: listed) { joined = Set($0) }
        return joined
    }

    @Test func anUndisturbedSocketJoinsWhatWasListed() {
        let join = joins.begin(user)
        #expect(end(join, listed: [group, other]) == [group, other])
        #expect(end(join, listed: [group]) == nil, "a joining ends once")
    }

    @Test func anAdditionAfterTheListWasReadIsJoined() {
        let join = joins.begin(user)
        joins.noteAddition(group, of: user)
        joins.noteAddition(other, of: .make())
        #expect(end(join, listed: []) == [group])
    }

    @Test func anAdditionBeforeTheJoiningIsInTheList() {
        joins.noteAddition(group, of: user)
        #expect(end(joins.begin(user), listed: []) == [])
    }

    @Test func aRemovalAfterTheListWasReadIsNotJoined() {
        let join = joins.begin(user)
        joins.beginRemoval(group, of: user)
        joins.endRemoval(group, of: user)
        #expect(end(join, listed: [group, other]) == [other])
    }

    @Test func aSocketThatBeginsDuringARemovalIsKeptOut() {
        joins.beginRemoval(group, of: user)
        let join = joins.begin(user)
        joins.endRemoval(group, of: user)
        #expect(end(join, listed: [group]) == [], "its list may be older than the removal")
        #expect(end(joins.begin(user), listed: [group]) == [group], "a later list has it again")
    }

    @Test func anAdditionThatFollowsARemovalOpensTheRoomBeforeTheRemovalEndsHere() {
        joins.beginRemoval(group, of: user)
        let early = joins.begin(user)
        // A message brings a hidden conversation back before its hiding has ended here.
        joins.noteAddition(group, of: user)
        let late = joins.begin(user)
        joins.endRemoval(group, of: user)
        #expect(end(early, listed: []) == [group])
        #expect(end(late, listed: [group]) == [group])
    }

    @Test func theLastOfSeveralRemovalsOpensTheRoom() {
        joins.beginRemoval(group, of: user)
        joins.beginRemoval(group, of: user)
        joins.endRemoval(group, of: user)
        #expect(end(joins.begin(user), listed: [group]) == [])
        joins.endRemoval(group, of: user)
        #expect(end(joins.begin(user), listed: [group]) == [group])
        joins.endRemoval(group, of: user)
        #expect(end(joins.begin(user), listed: [group]) == [group], "one too many changes nothing")
    }

    @Test func theLastChangeCounts() {
        let join = joins.begin(user)
        joins.beginRemoval(group, of: user)
        joins.endRemoval(group, of: user)
        joins.noteAddition(group, of: user)
        joins.noteAddition(other, of: user)
        joins.beginRemoval(other, of: user)
        #expect(end(join, listed: [other]) == [group])
    }

    @Test func socketsDoNotShareWhatTheyMissed() {
        let early = joins.begin(user)
        joins.noteAddition(group, of: user)
        let late = joins.begin(user)
        #expect(end(late, listed: [group, other]) == [group, other])
        #expect(end(early, listed: [other]) == [group, other])
    }
}
