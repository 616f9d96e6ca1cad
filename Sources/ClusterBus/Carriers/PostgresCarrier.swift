package import ChatStore
internal import NIOCore
internal import PostgresClient

/// Frames as notifications of PostgreSQL. It has one channel, because every listener of a database hears all of it.
package final class PostgresCarrier: BusCarrier {
    private let store: BusStore

    package init(_ store: BusStore) { self.store = store }

    package var name: String { "postgres" }
    package var channels: Int { 1 }
    /// A notification has less than 8,000 bytes.
    package var maxFrame: Int { 7900 }
    package var isConnected: Bool { store.isAvailable }

    package func send(_ frames: [CarriedFrame]) async throws {
        try await store.notify(frames.map { String(buffer: $0.frame) })
    }

    package func run(_ receive: @escaping @Sendable (CarrierEvent) async -> Void) async {
        for await event in store.listen() {
            switch event {
            case .connected: await receive(.listening)
            case .notification(_, let payload): await receive(.frame(ByteBuffer(string: payload)))
            }
        }
    }
}
