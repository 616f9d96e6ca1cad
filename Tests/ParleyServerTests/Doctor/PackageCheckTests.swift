import Testing

@testable import ParleyServer

struct PackageCheckTests {
    @Test func findsTheUpdatesOfWhatReadsStrangersBytes() {
        let list = """
            Listing...
            libwebp7/stable-security 1.2.4-0.2+deb12u2 amd64 [upgradable from: 1.2.4-0.2+deb12u1]
            libheif1/stable,stable-security 1.15.1-1+deb12u2 amd64 [upgradable from: 1.15.1-1]
            libtiff6/stable 4.5.0-6+deb12u3 amd64 [upgradable from: 4.5.0-6]
            libtiff-dev/stable-security 4.5.0-6+deb12u3 amd64 [upgradable from: 4.5.0-6]
            vim/stable-security 2:9.0.1378-2+deb12u2 amd64 [upgradable from: 2:9.0.1378-2]

            """
        #expect(
            PackageCheck.updates(in: list) == [
                .init(package: "libwebp7", version: "1.2.4-0.2+deb12u2", isSecurity: true),
                .init(package: "libheif1", version: "1.15.1-1+deb12u2", isSecurity: true),
                .init(package: "libtiff6", version: "4.5.0-6+deb12u3", isSecurity: false),
            ])
        #expect(PackageCheck.updates(in: "Listing...\n").isEmpty)
    }

    @Test func `security updates are errors, others warnings`() {
        let updates = [
            PackageCheck.Update(package: "libwebp7", version: "2", isSecurity: true),
            PackageCheck.Update(package: "libtiff6", version: "2", isSecurity: false),
        ]
        #expect(PackageCheck.findings(updates, installed: 30, obstacle: nil).map(\.severity) == [.error, .warning])
        #expect(PackageCheck.findings([], installed: 30, obstacle: "old lists").map(\.severity) == [.warning])
        #expect(PackageCheck.findings([], installed: 30, obstacle: nil).map(\.severity) == [.fine])
    }
}
