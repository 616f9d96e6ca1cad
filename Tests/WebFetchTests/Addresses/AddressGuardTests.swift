import Testing

@testable import WebFetch

@Suite struct AddressGuardTests {
    private func permits(_ text: String, port: Int = 443, allowing: [String] = []) throws -> Bool {
        try AddressGuard(allowing: allowing.map { try #require(IPNetwork($0)) })
            .permits(try #require(IPAddress(text), "\(text)"), port: port)
    }

    @Test(arguments: [
        "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "100.127.255.255",
        "127.0.0.1", "127.1.2.3", "168.63.129.16", "169.254.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255",
        "192.0.0.192", "192.0.2.1", "192.168.0.1", "192.168.255.255", "192.88.99.1", "198.18.0.1", "198.19.255.255",
        "198.51.100.7", "203.0.113.7", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:0:127.0.0.1",
        "64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::169.254.169.254", "64:ff9b:1::8.8.8.8", "100::1",
        "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:20::1", "2001:db8::1", "2002:7f00:1::1",
        "2002:808:808::1", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1",
    ])
    func whatIsNotPublicIsRefused(address: String) throws {
        #expect(try !permits(address))
    }

    @Test(arguments: [
        "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
        "128.0.0.1", "169.253.255.255", "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0",
        "198.17.255.255", "198.20.0.0", "223.255.255.255", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8",
        "2001:4860:4860::8888", "2606:4700::1111", "2a00:1450::1",
    ])
    func whatIsPublicIsPermitted(address: String) throws {
        #expect(try permits(address))
        #expect(try permits(address, port: 80))
    }

    @Test(arguments: [0, 1, 22, 25, 79, 81, 442, 444, 5432, 6379, 8080, 65535, 65536, -1])
    func otherPortsAreRefused(port: Int) throws {
        #expect(try !permits("8.8.8.8", port: port))
    }

    @Test func theOperatorAllowsNetworks() throws {
        #expect(try permits("127.0.0.1", port: 4711, allowing: ["127.0.0.1"]))
        #expect(try !permits("127.0.0.2", port: 4711, allowing: ["127.0.0.1"]))
        #expect(try permits("10.1.2.3", port: 8080, allowing: ["192.168.0.0/16", "10.0.0.0/8"]))
        #expect(try !permits("10.1.2.3", port: 0, allowing: ["10.0.0.0/8"]))
        #expect(try permits("fd00::7", allowing: ["fd00::/8"]))
        #expect(try !permits("8.8.8.8", port: 8080, allowing: ["10.0.0.0/8"]))
    }
}
