import HTTPTypes
import Hummingbird
import NIOCore

/// The addresses at which the reference server has the client's file. This server has none, and says where to get it.
struct SocketClientRoutes {
    private static let files = [
        "socket.io.js", "socket.io.min.js", "socket.io.esm.min.js", "socket.io.msgpack.min.js",
    ]

    private static let text = """
        This server serves no Socket.IO client file.

        Install the client from npm and let your bundler put it into your page:

            npm install socket.io-client@4

            import { io } from "socket.io-client";

        Its `dist` directory has the same files (socket.io.min.js and others) for pages without a bundler: serve them
        beside your page. What the events mean is in docs/EVENTS.md, and /openapi.yaml describes the requests.

        Parley's own client is at / of this server.

        """

    func register(on router: Router<RequestEnvironment>) {
        for file in Self.files {
            for suffix in ["", ".map"] {
                // Not part of the REST API, whose routes openapi.yaml lists.
                let address: RouterPath = "/socket.io/\(file)\(suffix)"
                router.route(address, [.get: explain])
            }
        }
    }

    @Sendable private func explain(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        Response(
            status: .notFound,
            headers: [
                .contentType: "text/plain; charset=utf-8", .cacheControl: "no-cache", .xContentTypeOptions: "nosniff",
            ],
            body: .init(byteBuffer: ByteBuffer(string: Self.text)))
    }
}
