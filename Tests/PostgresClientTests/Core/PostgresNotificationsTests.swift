import PostgresClient
import Testing

@Suite struct PostgresNotificationsTests {
    @Test func notificationsArriveAndAReconnectionIsTold() async throws {
        try await withClient { client in
            var events = client.listen(["Chat \"1\"", "other"]).makeAsyncIterator()
            #expect(await events.next() == .connected)
            try await client.query("SELECT pg_notify('Chat \"1\"', \("hello"))")
            #expect(await events.next() == .notification(channel: "Chat \"1\"", payload: "hello"))
            try await client.query(
                """
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                WHERE datname = current_database() AND query LIKE 'LISTEN%'
                """)
            #expect(await events.next() == .connected)
            try await client.query("NOTIFY other")
            #expect(await events.next() == .notification(channel: "other", payload: ""))
        }
    }

    @Test func theConnectionEndsWithTheSequence() async throws {
        try await withClient { client in
            func listeners() async throws -> Int {
                try await client.query(
                    """
                    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'
                    """)[0][0]
            }
            do {
                let sequence = client.listen(["a"])
                var events = sequence.makeAsyncIterator()
                #expect(await events.next() == .connected)
                #expect(try await listeners() == 1)
            }
            try await eventually("the connection stayed") { try await listeners() == 0 }
        }
    }

    @Test func aCancelledReaderStops() async throws {
        try await withClient { client in
            let sequence = client.listen(["a"])
            let (ready, isReady) = AsyncStream.makeStream(of: Void.self)
            let reader = Task {
                for await event in sequence where event == .connected { isReady.yield() }
            }
            var iterator = ready.makeAsyncIterator()
            await iterator.next()
            reader.cancel()
            await reader.value
        }
    }
}
