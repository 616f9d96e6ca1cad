import Chat
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// What operators and their tools ask: whether the process is alive, whether it can work, and what it offers.
struct HealthRoutes: RouteGroup {
    let database: DatabaseProbe
    let storageDirectory: URL
    let readiness: Readiness
    let nodes: Nodes
    let openAPI: ByteBuffer?

    static let endpoints: [Endpoint<HealthRoutes>] = [
        .init(.get, "/health", .health, health),
        .init(.get, "/ready", .ready, ready),
        .init(.get, "/openapi.yaml", .describe, describe),
    ]

    struct Status: JSONWritable {
        var status: String
        var version: String?

        func write(to json: inout JSONWriter) {
            json.object { json in
                json.field("status", status)
                json.field("version", version)
            }
        }
    }

    @Sendable private func health(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        .json(Status(status: "ok", version: Version.current))
    }

    @Sendable private func ready(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        // HAProxy ends the connections of a server that fails its check, and sends no new ones to a server that answers
        // 404 (`http-check disable-on-404`).
        let status: HTTPResponse.Status = request.queryItem("unready") == "404" ? .notFound : .serviceUnavailable
        func unavailable(_ detail: String) -> Problem {
            Problem(status, code: "unavailable", detail: detail, headers: [.retryAfter: "1"])
        }
        guard !readiness.isDraining else { throw unavailable("the server is stopping") }
        // In a task of its own: the disk must not block the event loop.
        let directory = storageDirectory.appending(path: "uploads/tmp").path
        guard await Task(operation: { FileManager.default.isWritableFile(atPath: directory) }).value else {
            throw unavailable("the storage cannot be written")
        }
        if let complaint = await database.complaint() { throw unavailable(complaint) }
        if let complaint = nodes.complaint { throw unavailable(complaint) }
        return .json(Status(status: "ready"))
    }

    @Sendable private func describe(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        guard let openAPI else { throw Problem(.notFound, code: "not_found", detail: "no such resource") }
        return Response(
            status: .ok, headers: [.contentType: "application/yaml", .xContentTypeOptions: "nosniff"],
            body: .init(byteBuffer: openAPI))
    }
}
