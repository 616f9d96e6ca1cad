import ChatModel
import Foundation
import Testing

@testable import ParleyServer

@Suite struct NodeListTests {
    private func record(
        _ number: UInt16, host: String, age: Duration, silence: Duration, sockets: Int, isDraining: Bool
    )
        -> NodeRecord
    {
        NodeRecord(
            identity: NodeIdentity(number: number, epoch: UUID()),
            description: NodeDescription(
                host: host, version: "1.0.0", secretChecks: [], storage: UUID(), files: UUID(), sharesFiles: true),
            schema: 28, age: age, silence: silence, sockets: sockets, isDraining: isDraining)
    }

    @Test func serversAreATable() {
        let lines = NodeList.lines([
            record(1, host: "a", age: .seconds(90), silence: .seconds(1.25), sockets: 12345, isDraining: false),
            record(10, host: "long-name", age: .seconds(90_000), silence: .seconds(2), sockets: 0, isDraining: true),
            record(11, host: "b", age: .seconds(3), silence: .seconds(20), sockets: 5, isDraining: true),
        ])
        #expect(
            lines == [
                "number  host       version  schema  age      sockets  lag     state",
                "1       a          1.0.0    28      1 min    12345    1.2 s   running",
                "10      long-name  1.0.0    28      1 d 1 h  0        2.0 s   stopping",
                "11      b          1.0.0    28      3 s      5        20.0 s  dead",
            ])
        #expect(NodeList.lines([]).count == 1)
    }

    @Test(arguments: [(-1, "0 s"), (59, "59 s"), (60, "1 min"), (3660, "1 h 1 min"), (200_000, "2 d 7 h")])
    func agesHaveTwoUnits(_ seconds: Int, _ text: String) { #expect(NodeList.age(.seconds(seconds)) == text) }
}
