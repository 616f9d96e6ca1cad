public import HTTPTypes
public import NIOCore
import NIOHTTP1
import NIOHTTPTypesHTTP1

/// The request that opened a session (always a GET), or that was refused.
///
/// It lives as long as the session, and there may be very many. So it is stored as text and parsed on demand.
public final class HandshakeRequest: Sendable {
    /// The request target, with the query.
    public let uri: String
    /// The address of the TCP connection's peer.
    public let remoteAddress: SocketAddress?
    /// The header section as lines.
    private let headerLines: String

    init(_ head: HTTPRequestHead, remoteAddress: SocketAddress?) {
        uri = head.uri
        self.remoteAddress = remoteAddress
        var lines = ""
        lines.reserveCapacity(head.headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 2 })
        for (name, value) in head.headers {
            // Neither can contain a line break, so the lines can be split again.
            lines += name
            lines += ":"
            lines += value
            lines += "\n"
        }
        headerLines = lines
    }

    public var path: String { String(EngineRequest.path(of: uri)) }

    /// The decoded query. If a name occurs twice, the last value counts.
    public var query: [String: String] { EngineRequest.query(of: uri) }

    public var headers: HTTPFields { HTTPFields(fields, splitCookie: false) }

    /// The `Host` field, which is not among `headers`.
    public var authority: String? { first("host") }

    private var fields: HTTPHeaders {
        HTTPHeaders(
            headerLines.split(separator: "\n").compactMap { line in
                let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                return parts.count == 2 ? (String(parts[0]), String(parts[1])) : nil
            })
    }

    public var origin: String? { first("origin") }

    /// The first field of that name. The others are not parsed.
    ///
    /// - Parameter name: In lower case.
    private func first(_ name: String) -> String? {
        for line in headerLines.utf8.split(separator: UInt8(ascii: "\n")) {
            guard line.count > name.utf8.count, line.dropFirst(name.utf8.count).first == UInt8(ascii: ":") else {
                continue
            }
            let matches = zip(line, name.utf8).allSatisfy { byte, letter in
                byte == letter || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) && byte | 0x20 == letter
            }
            if matches { return String(Substring(line.dropFirst(name.utf8.count + 1))) }
        }
        return nil
    }
}
