import Foundation
import HTTPTypes
import Hummingbird
import Testing

@testable import ParleyServer

@Suite struct WebClientTests {
    private func withClient(
        basePath: BasePath = .root, filesSource: String? = nil, _ body: (WebClient) throws -> Void
    ) throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "parley-web-\(UUID())")
        defer { try? FileManager.default.removeItem(at: directory) }
        try FileManager.default.createDirectory(
            at: directory.appending(path: "assets"), withIntermediateDirectories: true)
        for (name, text) in [
            ("index.html", "<script src=\"/assets/a.js\">"), ("assets/a.js", "script"), ("assets/a.js.gz", "gz"),
            ("notes", "of no type that is served"),
        ] {
            try Data(text.utf8).write(to: directory.appending(path: name))
        }
        try body(WebClient(directory: directory, basePath: basePath, filesSource: filesSource))
    }

    private func length(_ response: Response?) -> Int? { response?.body.contentLength }

    @Test func filesOfAHashedNameAreKeptForEver() throws {
        try withClient { client in
            let script = try #require(client.response(to: request(.get, "/assets/a.js")))
            #expect(script.headers[.cacheControl] == "public, max-age=31536000, immutable")
            #expect(script.headers[.contentType] == "text/javascript; charset=utf-8")
            let page = try #require(client.response(to: request()))
            #expect(page.headers[.cacheControl] == "no-cache")
            #expect(page.headers[.contentSecurityPolicy]?.contains("default-src 'none'") == true)
        }
    }

    @Test func filesComeFromTheBucketAndNoOther() throws {
        try withClient(filesSource: "https://s3.example.org/parley/") { client in
            let policy = client.response(to: request())?.headers[.contentSecurityPolicy] ?? ""
            let sources = policy.split(separator: ";").map { $0.split(separator: " ").map(String.init) }
            for directive in ["img-src", "media-src", "connect-src"] {
                #expect(sources.first { $0.first == directive }?.last == "https://s3.example.org/parley/")
            }
            #expect(sources.first { $0.first == "script-src" } == ["script-src", "'self'"])
        }
    }

    @Test func theAddressOfEveryViewIsThePage() throws {
        try withClient { client in
            let page: HTTPFields = [.accept: "text/html,*/*"]
            #expect(length(client.response(to: request(.get, "/c/anything", page))) == 27)
            #expect(client.response(to: request(.get, "/c/anything")) == nil, "a program asks for something else")
            #expect(client.response(to: request(.get, "/notes")) == nil)
            #expect(client.response(to: request(.get, "/assets/a.js.gz")) == nil)
        }
    }

    @Test(arguments: [
        ("gzip", true), ("br, GZIP;q=0.5", true), ("gzip;q=0", false), ("gzip; q=0.0", false), ("deflate", false),
        ("", false), ("gzipped", false),
    ])
    func whoTakesGzipGetsIt(accepted: String, isCompressed: Bool) throws {
        try withClient { client in
            let answer = try #require(client.response(to: request(.get, "/assets/a.js", [.acceptEncoding: accepted])))
            #expect(answer.headers[.vary] == "Accept-Encoding")
            #expect((answer.headers[.contentEncoding] == "gzip") == isCompressed)
            #expect(length(answer) == (isCompressed ? 2 : 6))
        }
    }

    @Test func belowAPathThePageFindsItsFiles() throws {
        try withClient(basePath: try #require(BasePath("/chat"))) { client in
            #expect(length(client.response(to: request())) == 27 + "/chat".utf8.count)
        }
    }

    @Test func nothingElseThanReadingIsAllowed() throws {
        try withClient { client in
            for path in ["/", "/assets/a.js"] {
                let refused = try #require(client.response(to: request(.post, path)))
                #expect(refused.status == .methodNotAllowed && refused.headers[.allow] == "GET, HEAD")
            }
            #expect(client.response(to: request(.post, "/elsewhere")) == nil)
            #expect(client.response(to: request(.trace, "/elsewhere"))?.status == .methodNotAllowed)
        }
    }

    @Test func withoutABuiltClientThereIsNoAnswer() {
        let none = WebClient(directory: URL(filePath: "/nonexistent"))
        #expect(none.response(to: request(.get, "/", [.accept: "text/html"])) == nil)
    }
}
