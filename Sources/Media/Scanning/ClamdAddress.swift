internal import Foundation
internal import Glibc

/// The address of clamd.
enum ClamdAddress: Sendable, Equatable {
    case unix(path: String)
    case tcp(host: String, port: String)

    init?(_ text: String) {
        if text.hasPrefix("/") {
            self = .unix(path: text)
            return
        }
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let port = String(text[text.index(after: colon)...])
        let host = text[..<colon].trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
        guard !host.isEmpty, let number = UInt16(port), number > 0 else { return nil }
        self = .tcp(host: host, port: port)
    }

    /// A connected socket with timeouts for reads and writes. Tries each address of a host in turn.
    func connect(timeoutSeconds: Int) throws -> Int32 {
        switch self {
        case .unix(let path):
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            let capacity = MemoryLayout.size(ofValue: address.sun_path)
            guard path.utf8.count < capacity else { throw ScanError.unreachable("the path is too long for a socket") }
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
            return try withUnsafeBytes(of: &address) { bytes in
                try Self.connect(AF_UNIX, bytes, timeoutSeconds)
            }
        case .tcp(let host, let port):
            var hints = addrinfo()
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
            var list: UnsafeMutablePointer<addrinfo>?
            let status = getaddrinfo(host, port, &hints, &list)
            guard status == 0 else { throw ScanError.unreachable(String(cString: gai_strerror(status))) }
            defer { freeaddrinfo(list) }
            var failure = ScanError.unreachable("no address")
            for entry in sequence(first: list, next: { $0?.pointee.ai_next }) {
                guard let info = entry?.pointee else { break }
                do {
                    let bytes = UnsafeRawBufferPointer(start: info.ai_addr, count: Int(info.ai_addrlen))
                    return try Self.connect(info.ai_family, bytes, timeoutSeconds)
                } catch let error as ScanError {
                    failure = error
                }
            }
            throw failure
        }
    }

    private static func connect(_ family: Int32, _ address: UnsafeRawBufferPointer, _ seconds: Int) throws -> Int32 {
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw ScanError.unreachable("socket: \(String(cString: strerror(errno)))") }
        // On Linux the send timeout also limits connect(2) (socket(7)).
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        let result = address.withMemoryRebound(to: sockaddr.self) {
            Glibc.connect(descriptor, $0.baseAddress, socklen_t(address.count))
        }
        guard result == 0 else {
            let reason = String(cString: strerror(errno))
            close(descriptor)
            throw ScanError.unreachable("connect: \(reason)")
        }
        return descriptor
    }
}
