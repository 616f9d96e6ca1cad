internal import Glibc
package import NIOPosix

/// Finds the addresses of a host.
package protocol HostResolver: Sendable {
    func addresses(of host: String) async throws -> [IPAddress]
}

/// The system's resolver.
///
/// `getaddrinfo` cannot be interrupted: it ends by the limits of resolv.conf(5), some ten seconds. Whoever is cancelled does
/// not wait for that. There are never more of these calls than threads, and what has not begun by then never does.
package struct SystemResolver: HostResolver {
    struct Failure: Error { let code: Int32 }

    private let threads: NIOThreadPool

    package init(threads: NIOThreadPool) { self.threads = threads }

    package func addresses(of host: String) async throws -> [IPAddress] {
        let (answers, answer) = AsyncStream<Result<[IPAddress], any Error>>.makeStream(
            bufferingPolicy: .bufferingOldest(1))
        let asking = Task { [threads] in
            do {
                answer.yield(.success(try await threads.runIfActive { try Self.lookUp(host) }))
            } catch {
                answer.yield(.failure(error))
            }
        }
        defer { asking.cancel() }
        for await answer in answers { return try answer.get() }
        throw CancellationError()
    }

    private static func lookUp(_ host: String) throws -> [IPAddress] {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        // No addresses of a family that this machine has none of.
        hints.ai_flags = AI_ADDRCONFIG
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, nil, &hints, &list)
        guard code == 0 else { throw Failure(code: code) }
        defer { freeaddrinfo(list) }
        var found: [IPAddress] = []
        var next = list
        while let entry = next {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            if getnameinfo(
                entry.pointee.ai_addr, entry.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
                == 0,
                case let name = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self),
                // A link-local address names its interface.
                let address = IPAddress(name.prefix { $0 != "%" }), !found.contains(address)
            {
                found.append(address)
            }
            next = entry.pointee.ai_next
        }
        return found
    }
}
