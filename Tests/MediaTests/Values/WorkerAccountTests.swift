import Testing

@testable import Media

@Suite struct WorkerAccountTests {
    @Test(
        arguments: [
            ("         0          0 4294967295\n", true),
            ("         0       1000          1\n", false),
            ("         0       1000          1\n         1     100000      65536\n", true),
            ("         0       1000          1\n         1     100000      65533\n", false),
            ("     65534      65534          1\n", true),
            ("", false),
            ("no map\n", false),
        ])
    func nobodyIsAnAccountWhereTheNamespaceHasIt(map: String, isThere: Bool) {
        #expect(WorkerAccount.contains(map, 65534) == isThere)
    }
}
