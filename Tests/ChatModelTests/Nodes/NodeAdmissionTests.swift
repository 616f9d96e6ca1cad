import Crypto
import Foundation
import Testing

@testable import ChatModel

@Suite struct NodeAdmissionTests {
    private static let files = UUID()

    private func description(
        version: String = "1.2.0", secrets: [UInt8] = [1], storage: UUID = UUID(), files: UUID = files,
        sharesFiles: Bool = true
    ) -> NodeDescription {
        NodeDescription(
            host: "host", version: version, secretChecks: secrets.map { Data([$0]) }, storage: storage, files: files,
            sharesFiles: sharesFiles)
    }

    private func record(_ number: UInt16, _ description: NodeDescription, silence: Duration = .seconds(1)) -> NodeRecord
    {
        NodeRecord(
            identity: NodeIdentity(number: number, epoch: UUID()), description: description, schema: 1,
            age: .seconds(60), silence: silence, sockets: 0, isDraining: false)
    }

    private func refusal(_ node: NodeDescription, beside other: NodeDescription, number: UInt16? = nil) -> String? {
        do throws(NodeAdmission.Refusal) {
            _ = try NodeAdmission(node, number: number).admit(among: [record(2, other)])
            return nil
        } catch {
            return error.description
        }
    }

    @Test func whoFitsIsAdmitted() throws {
        #expect(refusal(description(), beside: description()) == nil)
        #expect(try NodeAdmission(description(sharesFiles: false)).admit(among: []) == 1)
    }

    @Test func eachRefusalNamesItsSetting() throws {
        let ours = description()
        let secret = try #require(refusal(ours, beside: description(secrets: [2])))
        #expect(secret.hasPrefix("JWT_SECRET: server 2 (host) "))
        let alone = try #require(refusal(description(sharesFiles: false), beside: description()))
        #expect(alone.hasPrefix("SHARED_STORAGE: server 2 (host) ") && alone.hasSuffix(" again in 15 s"))
        #expect(refusal(ours, beside: description(sharesFiles: false))?.hasPrefix("SHARED_STORAGE: ") == true)
        #expect(refusal(ours, beside: description(files: UUID()))?.contains("STORAGE_DIR/uploads") == true)
        #expect(refusal(ours, beside: description(version: "1.0.3"))?.contains("1.0.3") == true)
        #expect(refusal(ours, beside: description(), number: 2)?.hasPrefix("NODE_NUMBER: 2 ") == true)
    }

    /// Each accepts what the other signs: so a secret is changed in two rounds of restarts.
    @Test func secretsMayChangeInTwoRounds() {
        func fit(_ one: [UInt8], _ other: [UInt8]) -> Bool {
            refusal(description(secrets: one), beside: description(secrets: other)) == nil
        }
        #expect(fit([1, 2], [1]), "the first round: the old one signs, the new one is accepted")
        #expect(fit([2, 1], [1, 2]), "the second round: the new one signs")
        #expect(fit([2], [2, 1]))
        #expect(!fit([2, 1], [1]), "the other server would refuse what this one signs")
        #expect(!fit([1], [2, 1]))
    }

    @Test(arguments: [
        ("1.2.0", "1.2.9", true), ("1.2.0", "1.1.4", true), ("1.2.0", "1.3.0-beta", true), ("1.2.0", "1.0.0", false),
        ("1.9.1", "2.0.0", true), ("1.9.1", "2.1.0", false), ("1.0.0", "3.0.0", false), ("x", "x", true),
        ("x", "1.0", false),
    ])
    func oneReleaseBackIsNear(_ one: String, _ other: String, _ isSmall: Bool) {
        #expect(ReleaseDistance.isSmall(one, other) == isSmall)
        #expect(ReleaseDistance.isSmall(other, one) == isSmall)
    }

    @Test func theDeadAndTheOwnPredecessorDoNotCount() throws {
        let ours = description(sharesFiles: false)
        let stranger = description(version: "9.0.0", secrets: [9], files: UUID())
        let records = [record(1, stranger, silence: .seconds(15)), record(2, description(storage: ours.storage))]
        #expect(try NodeAdmission(ours).admit(among: records) == 2, "1 is free when the dead server's row is gone")
        #expect(try NodeAdmission(ours, number: 1).admit(among: records) == 1)
    }

    @Test func theFormerNumberIsKept() throws {
        let others = [record(1, description()), record(3, description())]
        #expect(try NodeAdmission(description(), formerNumber: 7).admit(among: others) == 7)
        #expect(try NodeAdmission(description(), formerNumber: 3).admit(among: others) == 2)
        #expect(try NodeAdmission(description(), number: 9, formerNumber: 7).admit(among: others) == 9)
        let all = (UInt16(1)...1023).map { record($0, description()) }
        #expect(throws: NodeAdmission.Refusal.self) { try NodeAdmission(description()).admit(among: all) }
    }

    @Test func theCheckOfASecretTellsOnlyWhetherItIsTheSame() {
        let keys = [UInt8(1), 1, 2].map { SymmetricKey(data: Data(repeating: $0, count: 32)) }
        let checks = keys.map(NodeDescription.secretCheck)
        #expect(checks[0] == checks[1] && checks[0] != checks[2])
    }
}
