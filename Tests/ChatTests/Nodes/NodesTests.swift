import ChatModel
import ChatStore
import ChatTesting
import Foundation
import PostgresClient
import Testing

@testable import Chat

@Suite struct NodesTests {
    @Test func aChatJoinsAndLeaves() async throws {
        try await TestDatabase.run { database in
            let nodes = Nodes(
                database: ChatDatabase(main: database.client, searches: database.client, lists: database.client),
                admission: NodeAdmission(.test(), number: 12), ownsDatabase: false, logger: .silent)
            #expect(nodes.identity.number == 0 && nodes.complaint == nil)
            try await nodes.join()
            #expect(nodes.identity.number == 12 && nodes.others == 0)
            #expect(try await NodeStore(database: database.client).list().map(\.identity) == [nodes.identity])
            await nodes.leave()
            #expect(try await NodeStore(database: database.client).list().isEmpty)
        }
    }

    /// As after a freeze of more than fifteen seconds, in which others deleted the row.
    @Test func whoWasTakenForDeadBeginsANewEpochAndRecordsItsPeople() async throws {
        try await TestChat.run { test in
            let nodes = test.chat.nodes
            let ana = try await test.database.person()
            _ = test.chat.presence.enter(ana)
            let before = nodes.identity
            let (epochs, epoch) = AsyncStream.makeStream(of: NodeIdentity.self)
            nodes.onEpoch { epoch.yield($0) }
            try await test.database.client.query("DELETE FROM node_presence")
            try await test.database.client.query("DELETE FROM nodes")
            nodes.beginDraining()
            var iterator = epochs.makeAsyncIterator()
            let after = try #require(await iterator.next())
            #expect(after.number == before.number && after.epoch != before.epoch && nodes.identity == after)
            while try await test.database.client.query(
                "SELECT 1 FROM node_presence WHERE node_id = \(after.epoch) AND user_id = \(ana)"
            ).isEmpty {
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(!test.chat.presence.enter(ana), "the device is still there")
        }
    }

    @Test func aRenewalTellsWhatTheServerHas() async throws {
        try await TestChat.run { test in
            let nodes = test.chat.nodes
            nodes.countSockets { 42 }
            let (renewals, renewal) = AsyncStream.makeStream(of: Void.self)
            nodes.onRenewal { renewal.yield() }
            nodes.beginDraining()
            var iterator = renewals.makeAsyncIterator()
            await iterator.next()
            let row = try #require(try await NodeStore(database: test.database.client).list().first)
            #expect(row.sockets == 42 && row.isDraining)
        }
    }
}
