import Logging
import PostgresClient
import TestPostgres
import Testing

@Test func smoke() async throws {
    let c = try TestCluster.shared.get()
    let client = try PostgresClient(
        configuration: .init(connectionString: try c.makeDatabase()), logger: Logger(label: "t"))
    try await client.start()
    let r = try await client.query("SELECT \(5) AS a, \("hello") AS b")
    #expect(try r[0].decode("a", as: Int.self) == 5)
    #expect(try r[0].decode("b", as: String.self) == "hello")
    await client.close()
}
