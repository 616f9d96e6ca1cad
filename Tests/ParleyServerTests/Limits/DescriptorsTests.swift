import Glibc
import Testing

@testable import ParleyServer

@Suite struct DescriptorsTests {
    /// How many connections there may be, and how many of one address.
    @Test(arguments: [(64, 56, 14), (1024, 896, 224), (4096, 3584, 896), (1_048_576, 1_047_552, 10_000)])
    func connectionsGetAPartOfTheLimit(limit: Int, connections: Int, address: Int) {
        let descriptors = Descriptors(limit: limit)
        #expect(descriptors.forConnections == connections)
        #expect(descriptors.forOneAddress == address)
    }

    @Test func theNextDescriptorTellsWhetherTheyAreTaken() {
        let probe = open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer { close(probe) }
        #expect(!Descriptors(limit: 1 << 30).areTaken(probing: probe))
        #expect(Descriptors(limit: 1).areTaken(probing: probe), "stdin, stdout and stderr are open already")
        #expect(!Descriptors(limit: 1).areTaken(probing: -1), "without a probe nothing is known")
    }
}
