import Foundation
import Hummingbird
import NIOCore

/// What operators and their tools ask: whether the process is alive, whether it can work, and what it offers.
struct HealthRoutes {
    let database: DatabaseProbe
    let storageDirectory: URL
    let readiness: Readiness
    let openAPI: ByteBuffer?

    func register(on router: Router<RequestEnvironment>) {
        router.route("/health", [.get: health])
        router.route("/ready", [.get: ready])
        router.route("/openapi.yaml", [.get: describe])
    }

    private struct Status: Encodable {
        var status: String
        var version: String?
    }

    @Sendable private func health(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        try .json(Status(status: "ok", version: Version.current))
    }

    @Sendable private func ready(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        func unavailable(_ detail: String) -> Problem {
            Problem(.serviceUnavailable, code: "unavailable", detail: detail, headers: [.retryAfter: "1"])
        }
        guard !readiness.isDraining else { throw unavailable("the server is stopping") }
        // In a task of its own, which is not the event loop's: the disk must not block that.
        let directory = storageDirectory.appending(path: "uploads/tmp").path
        guard await Task(operation: { FileManager.default.isWritableFile(atPath: directory) }).value else {
            throw unavailable("the storage cannot be written")
        }
        if let complaint = await database.complaint() { throw unavailable(complaint) }
        return try .json(Status(status: "ready"))
    }

    @Sendable private func describe(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        guard let openAPI else { throw Problem(.notFound, code: "not_found", detail: "no such resource") }
        return Response(
            status: .ok, headers: [.contentType: "application/yaml", .xContentTypeOptions: "nosniff"],
            body: .init(byteBuffer: openAPI))
    }
}
