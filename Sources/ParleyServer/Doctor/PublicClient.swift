import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Asks a server one question over a connection of its own.
struct PublicClient {
    struct Answer: Sendable {
        var status: Int
        var body: String
        /// When the server's certificate ends; nil without TLS.
        var certificateEnd: Date?
    }

    private static let timeout = TimeAmount.seconds(5)
    private static let maxBody = 64 * 1024

    private let origin: WebOrigin

    init(_ origin: WebOrigin) { self.origin = origin }

    func get(_ path: String, fields: [(String, String)] = []) async throws -> Answer {
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        let promise = eventLoop.makePromise(of: Answer.self)
        let channel: any Channel
        do {
            channel = try await connect(on: eventLoop, promise)
        } catch {
            promise.fail(error)
            throw error
        }
        let timer = eventLoop.scheduleTask(in: Self.timeout) { promise.fail(OperatorError("it does not answer")) }
        var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: path)
        head.headers = HTTPHeaders([("Host", String(origin.text.drop { $0 != ":" }.dropFirst(3)))] + fields)
        channel.write(HTTPClientRequestPart.head(head), promise: nil)
        channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
        do {
            var answer = try await promise.futureResult.get()
            timer.cancel()
            let certificate = try await channel.nioSSL_peerCertificate().recover { _ in nil }.get()
            answer.certificateEnd = certificate.map { Date(timeIntervalSince1970: Double($0.notValidAfter)) }
            try? await channel.close()
            return answer
        } catch {
            timer.cancel()
            try? await channel.close()
            throw error
        }
    }

    private func connect(on eventLoop: any EventLoop, _ promise: EventLoopPromise<Answer>) async throws -> any Channel {
        let origin = origin
        return try await ClientBootstrap(group: eventLoop).connectTimeout(Self.timeout)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if origin.isSecure {
                        let context = try NIOSSLContext(configuration: .makeClientConfiguration())
                        try pipeline.addHandler(
                            NIOSSLClientHandler(context: context, serverHostname: Self.serverName(origin.host)))
                    }
                    try pipeline.addHTTPClientHandlers(leftOverBytesStrategy: .dropBytes)
                    try pipeline.addHandler(Reader(promise: promise, maxBody: Self.maxBody))
                }
            }.connect(host: origin.host, port: origin.port).get()
    }

    /// An address is no name of a server (RFC 6066, section 3).
    private static func serverName(_ host: String) -> String? {
        (try? SocketAddress(ipAddress: host, port: 0)) == nil ? host : nil
    }

    private final class Reader: ChannelInboundHandler {
        typealias InboundIn = HTTPClientResponsePart

        private let promise: EventLoopPromise<Answer>
        private let maxBody: Int
        private var answer = Answer(status: 0, body: "")

        init(promise: EventLoopPromise<Answer>, maxBody: Int) {
            self.promise = promise
            self.maxBody = maxBody
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                answer.status = Int(head.status.code)
                // What follows is another protocol.
                if answer.status == 101 { promise.succeed(answer) }
            case .body(let bytes):
                answer.body += String(buffer: bytes)
                if answer.body.utf8.count > maxBody { promise.fail(OperatorError("the answer is too long")) }
            case .end: promise.succeed(answer)
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { promise.fail(error) }

        func channelInactive(context: ChannelHandlerContext) {
            promise.fail(OperatorError("the connection ended without an answer"))
        }
    }
}
