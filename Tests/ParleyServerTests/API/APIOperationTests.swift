import Foundation
import HTTPTypes
import Testing

@testable import ParleyServer

/// What the API offers is written to Tests/wire.json, which Tests/e2e/test_openapi.py compares with openapi.yaml and
/// docs/EVENTS.md.
@Suite struct OperationTests {
    private static let file = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../wire.json").standardizedFileURL

    @Test func everyOperationIsBound() {
        let bound = Set(RESTAPI.routes.flatMap { [$0.operation, $0.overridden ?? $0.operation] })
            .union(EventTable.events.values)
        #expect(Set(APIOperation.allCases).subtracting(bound).isEmpty)
        #expect(Dictionary(grouping: RESTAPI.routes) { "\($0.method) \($0.path)" }.values.allSatisfy { $0.count == 1 })
        #expect(Dictionary(grouping: RESTAPI.routes, by: \.operation).values.allSatisfy { $0.count == 1 })
    }

    @Test func handlersGetACallerWhereTheirOperationNeedsOne() {
        func check<Group: RouteGroup>(_ group: Group.Type) {
            for endpoint in group.endpoints {
                #expect(endpoint.takesCaller == (endpoint.route.operation.access == .caller), "\(endpoint.route)")
            }
        }
        check(HealthRoutes.self)
        check(AuthRoutes.self)
        check(UserRoutes.self)
        check(ConversationRoutes.self)
        check(MessageRoutes.self)
        check(UploadRoutes.self)
        #expect(EventTable.events.values.allSatisfy { $0.access == .caller })
    }

    @Test func theDescriptionOfTheAPIIsUpToDate() throws {
        let description = try JSONSerialization.data(
            withJSONObject: Self.description(), options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
        let text = String(decoding: description, as: UTF8.self) + "\n"
        if ProcessInfo.processInfo.environment["PARLEY_RECORD"] != nil {
            try text.write(to: Self.file, atomically: true, encoding: .utf8)
        }
        #expect(
            try String(contentsOf: Self.file, encoding: .utf8) == text,
            "run this test with PARLEY_RECORD=1, and describe what is new in openapi.yaml or docs/EVENTS.md")
    }

    private static func description() throws -> [String: Any] {
        func samples<Name: Hashable>(
            _ values: [Name: (full: any JSONWritable, sparse: any JSONWritable)], _ name: (Name) -> String
        ) throws -> [String: Any] {
            var samples: [String: Any] = [:]
            for (key, value) in values {
                samples[name(key)] = ["full": try value.full.object, "sparse": try value.sparse.object]
            }
            return samples
        }
        return [
            "routes": RESTAPI.routes.map { route in
                [
                    "method": route.method.rawValue, "path": route.path, "operation": route.operation.rawValue,
                    "access": route.operation.access.rawValue, "limit": "\(route.operation.limit)",
                ]
            },
            "clientEvents": EventTable.events.mapValues { ["operation": $0.rawValue, "limit": "\($0.limit)"] },
            "schemas": try samples(Samples.schemas) { $0 },
            "answers": try samples(Samples.answers, \.rawValue),
            "serverEvents": try samples(Samples.payloads, \.rawValue),
            "acknowledgements": try samples(Samples.acknowledgements) { $0 },
        ]
    }

    @Test func everyEventOfTheServerHasASample() {
        #expect(Set(Samples.payloads.keys) == Set(ServerEvent.allCases))
    }
}
