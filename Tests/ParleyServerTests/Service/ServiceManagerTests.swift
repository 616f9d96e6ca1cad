import Foundation
import Glibc
import Testing

@testable import ParleyServer

struct ServiceManagerTests {
    /// A service manager's socket, at a path or, with @, in the abstract namespace.
    private struct Manager {
        let descriptor: Int32

        init(_ path: String) throws {
            descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            let bytes = path.hasPrefix("@") ? [0] + Array(path.utf8.dropFirst()) : Array(path.utf8) + [0]
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
            let length = socklen_t(MemoryLayout.size(ofValue: address.sun_family) + bytes.count)
            let status = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
            }
            try #require(status == 0)
        }

        func receive() -> String {
            var buffer = [UInt8](repeating: 0, count: 256)
            let count = recv(descriptor, &buffer, buffer.count, 0)
            return String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self)
        }
    }

    @Test(arguments: ["/tmp/parley-\(UUID().uuidString)", "@parley-\(UUID().uuidString)"])
    func `states arrive as datagrams`(path: String) throws {
        let manager = try Manager(path)
        defer {
            close(manager.descriptor)
            unlink(path)
        }
        let service = try #require(ServiceManager(environment: ["NOTIFY_SOCKET": path]))
        service.notify(.ready)
        service.notify(.status("serving"))
        service.notify(.stopping)
        #expect(
            [manager.receive(), manager.receive(), manager.receive()] == ["READY=1", "STATUS=serving", "STOPPING=1"])
    }

    @Test(arguments: [[:], ["NOTIFY_SOCKET": ""], ["NOTIFY_SOCKET": "vsock:2:1"]])
    func `without a socket there is no service manager`(environment: [String: String]) {
        #expect(ServiceManager(environment: environment) == nil)
    }

    @Test func `the watchdog is for the named process`() {
        #expect(ServiceManager.watchdog(["WATCHDOG_USEC": "30000000"], process: 7) == .seconds(30))
        #expect(
            ServiceManager.watchdog(["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"], process: 7) == .seconds(30))
        #expect(ServiceManager.watchdog(["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"], process: 7) == nil)
        #expect(ServiceManager.watchdog(["WATCHDOG_USEC": "0"], process: 7) == nil)
        #expect(ServiceManager.watchdog([:], process: 7) == nil)
    }
}
