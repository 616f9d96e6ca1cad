import Foundation
import Testing

@testable import ParleyServer

struct AddressCheckTests {
    @Test func `a certificate is renewed two weeks before it ends`() {
        let now = Date(timeIntervalSince1970: 1_800_000_000)
        func severity(days: Double) -> Finding.Severity {
            AddressCheck.end(now.addingTimeInterval(days * 86_400), of: "here", now: now).severity
        }
        #expect(severity(days: 15) == .fine)
        #expect(severity(days: 13) == .warning)
        #expect(severity(days: 0) == .error)
        #expect(severity(days: -1) == .error)
    }
}
