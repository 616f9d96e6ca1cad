import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOFoundationCompat
import ObjectStorage

/// The built web client, read once at the start: a few files of some ten kilobytes. The URL of every view gets the same
/// page. The files that it loads have a hash of their content in their names, and may be cached forever.
struct WebClient: Sendable {
    private struct File: Sendable {
        var body: ByteBuffer
        /// Compressed by gzip when it was built.
        var compressed: ByteBuffer?
        var type: String
        var isHashed: Bool
    }

    private let files: [String: File]
    private let page: File?

    private let policy: String

    /// `img-src blob:` and `media-src blob:` are for previews of files that are about to be sent.
    /// - Parameter files: The bucket to which whoever opens a file is sent, as a policy names it.
    private static func policy(files: String?) -> String {
        let files = files.map { " \($0)" } ?? ""
        return """
            default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:\(files); \
            media-src 'self' blob:\(files); connect-src 'self'\(files); font-src 'self'; manifest-src 'self'; \
            base-uri 'none'; form-action 'self'; frame-ancestors 'none'
            """
    }

    /// Browser features that the page never uses. A script that is injected into it must not use them either. The page
    /// itself records voice messages; no frame in it does.
    private static let permissions =
        ([
            "camera", "display-capture", "geolocation", "payment", "usb", "serial", "hid", "midi",
        ]
        .map { "\($0)=()" } + ["microphone=(self)"]).joined(separator: ", ")

    private static let types = [
        "html": "text/html; charset=utf-8", "js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8",
        "svg": "image/svg+xml", "json": "application/json", "webmanifest": "application/manifest+json",
        "png": "image/png", "ico": "image/x-icon", "woff2": "font/woff2", "map": "application/json",
        "txt": "text/plain; charset=utf-8",
    ]

    /// - Parameter basePath: Where the page finds its files. It learns the path from the address of its script.
    init(directory: URL, basePath: BasePath = .root, filesSource: String? = nil) {
        policy = Self.policy(files: filesSource)
        var files: [String: File] = [:]
        let root = directory.standardizedFileURL.path
        for case let path as String in FileManager.default.enumerator(atPath: root) ?? .init() {
            guard let type = Self.types[(path as NSString).pathExtension],
                let content = FileManager.default.contents(atPath: "\(root)/\(path)")
            else { continue }
            files["/\(path)"] = File(
                body: ByteBuffer(data: content),
                compressed: FileManager.default.contents(atPath: "\(root)/\(path).gz").map { ByteBuffer(data: $0) },
                type: type, isHashed: path.hasPrefix("assets/"))
        }
        if let page = files["/index.html"], basePath != .root {
            // The attributes that begin with a slash are addresses of its files.
            let text = String(buffer: page.body).replacing("=\"/", with: "=\"\(basePath.text)/")
            files["/index.html"] = File(body: ByteBuffer(string: text), type: page.type, isHashed: false)
        }
        self.files = files
        page = files["/index.html"]
    }

    /// Logs a warning when there is nothing to serve.
    init(_ configuration: ServerConfiguration, logger: Logger) {
        self.init(
            directory: configuration.webDirectory, basePath: configuration.basePath,
            filesSource: configuration.mediaRedirect ? configuration.objectStore?.policySource : nil)
        guard page == nil else { return }
        logger.warning(
            "no web client is built; `make web` builds it",
            metadata: ["directory": "\(configuration.webDirectory.path)"])
    }

    /// The answer to a request that no route took; nil if the client has none.
    func response(to request: Request) -> Response? {
        guard request.method == .get || request.method == .head else {
            // No resource answers `TRACE`, whether it exists or not.
            let isHere = files[request.uri.path] != nil || request.uri.path == "/" || request.method == .trace
            return isHere ? Problem.methodNotAllowed("GET, HEAD").response : nil
        }
        if let file = files[request.uri.path] { return respond(file, to: request) }
        // A browser that asks for a page opens a view of the client.
        guard let page, request.headers[.accept]?.contains("text/html") == true || request.uri.path == "/" else {
            return nil
        }
        return respond(page, to: request)
    }

    // Literals that are tokens (RFC 9110, section 5.6.2).
    private static let referrerPolicy = HTTPField.Name("Referrer-Policy")!
    private static let openerPolicy = HTTPField.Name("Cross-Origin-Opener-Policy")!
    private static let permissionsPolicy = HTTPField.Name("Permissions-Policy")!

    private func respond(_ file: File, to request: Request) -> Response {
        var response = Response(
            status: .ok,
            headers: [
                .contentType: file.type,
                .cacheControl: file.isHashed ? "public, max-age=31536000, immutable" : "no-cache",
                .contentSecurityPolicy: policy,
                .xContentTypeOptions: "nosniff",
                Self.referrerPolicy: "no-referrer",
                // Neither a window that opened the page nor one that it opens can reach it.
                Self.openerPolicy: "same-origin",
                Self.permissionsPolicy: Self.permissions,
            ],
            body: .init(byteBuffer: file.body))
        if let compressed = file.compressed {
            response.headers[.vary] = "Accept-Encoding"
            if request.headers.acceptsGzip {
                response.headers[.contentEncoding] = "gzip"
                response.body = .init(byteBuffer: compressed)
            }
        }
        return response
    }
}
