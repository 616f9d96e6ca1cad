import Foundation
import Glibc

/// The service manager that started this process. It is told about the server's state by datagrams, as sd_notify(3) of
/// systemd describes. A process that nobody manages has none.
struct ServiceManager: Sendable {
    enum State: Sendable {
        case ready, stopping, alive
        /// One line for people.
        case status(String)

        var text: String {
            switch self {
            case .ready: "READY=1"
            case .stopping: "STOPPING=1"
            case .alive: "WATCHDOG=1"
            case .status(let line): "STATUS=\(line)"
            }
        }
    }

    private let address: sockaddr_un
    private let length: socklen_t
    /// How long the process may be silent before it is restarted; nil: for ever.
    let watchdog: Duration?

    /// nil where there is no service manager (`NOTIFY_SOCKET`), or where its address is none.
    init?(environment: [String: String] = ProcessInfo.processInfo.environment) {
        guard let path = environment["NOTIFY_SOCKET"], let (address, length) = Self.address(of: path) else {
            return nil
        }
        self.address = address
        self.length = length
        watchdog = Self.watchdog(environment, process: getpid())
    }

    /// sd_watchdog_enabled(3): in microseconds, and meant for the process of that id.
    static func watchdog(_ environment: [String: String], process: pid_t) -> Duration? {
        guard let period = environment["WATCHDOG_USEC"].flatMap({ Int64($0) }), period > 0 else { return nil }
        if let named = environment["WATCHDOG_PID"], named != String(process) { return nil }
        return .microseconds(period)
    }

    /// A path, or a name in the abstract namespace that begins with @ (unix(7)).
    private static func address(of path: String) -> (sockaddr_un, socklen_t)? {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(path.utf8)
        guard let first = bytes.first, first == UInt8(ascii: "/") || first == UInt8(ascii: "@"),
            bytes.count < MemoryLayout.size(ofValue: address.sun_path)
        else { return nil }
        if first == UInt8(ascii: "@") { bytes[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let length = MemoryLayout<sockaddr_un>.offset(of: \.sun_path).map { $0 + bytes.count } ?? 0
        return (address, socklen_t(length + (first == UInt8(ascii: "/") ? 1 : 0)))
    }

    /// Tells the service manager. It reads by itself, so this does not wait; a state that it cannot take is lost.
    func notify(_ state: State) {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var address = address
        let text = Array(state.text.utf8)
        _ = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(
                    descriptor, text, text.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT), $0,
                    length)
            }
        }
    }
}
