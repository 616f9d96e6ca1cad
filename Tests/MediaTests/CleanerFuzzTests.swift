import Foundation
import Testing

@testable import Media

/// Every byte editor, on bytes that mean no good: it throws or plans within the file, and never traps.
@Suite struct CleanerFuzzTests {
    private static let cutters: [(String, @Sendable (ByteView) throws -> EditPlan)] = [
        ("jpg", JPEGCleaner.plan), ("png", PNGCleaner.plan), ("webp", WebPCleaner.plan), ("gif", GIFCleaner.plan),
        ("heic", HEIFCleaner.plan), ("mp4", MovieCleaner.plan),
    ]

    private static func check(_ cutter: (ByteView) throws -> EditPlan, _ bytes: [UInt8]) throws {
        guard let plan = try? bytes.withUnsafeBytes({ try cutter(ByteView($0)) }) else { return }
        for case .copy(let range) in plan.pieces {
            try #require(0 <= range.lowerBound && range.upperBound <= bytes.count)
        }
    }

    private static func sample(_ type: String) throws -> [UInt8] {
        switch type {
        case "jpg": try Photos.jpeg()
        case "mp4": try Movies.located()
        default: try Photos.converted(to: type)
        }
    }

    @Test(arguments: 0..<6)
    func anyBytesAreSurvived(index: Int) throws {
        let (type, cutter) = Self.cutters[index]
        var random = SeededRandom(seed: UInt64(index))
        let sample = try Self.sample(type)
        // The beginning holds the structure; damage there is what a parser sees.
        let head = Array(sample.prefix(4096))
        for round in 0..<400 {
            try Self.check(cutter, random.bytes(Int.random(in: 0..<600, using: &random)))
            try Self.check(cutter, random.damage(head, bytes: 1 + round % 30))
            try Self.check(cutter, Array(head.prefix(Int.random(in: 0..<head.count, using: &random))))
            try Self.check(cutter, Array(head.prefix(Int.random(in: 8..<64, using: &random))) + random.bytes(64))
        }
        for _ in 0..<20 { try Self.check(cutter, random.damage(sample, bytes: 200)) }
    }

    @Test(arguments: 0..<6)
    func cleaningTwiceChangesNothing(index: Int) throws {
        let (type, cutter) = Self.cutters[index]
        let once = try Self.apply(cutter, try Self.sample(type))
        let plan = try once.withUnsafeBytes { try cutter(ByteView($0)) }
        #expect(plan.keepsAll(of: once.count))
    }

    static func apply(_ cutter: (ByteView) throws -> EditPlan, _ bytes: [UInt8]) throws -> [UInt8] {
        try bytes.withUnsafeBytes { try cutter(ByteView($0)) }.pieces.flatMap { piece in
            switch piece {
            case .copy(let range): Array(bytes[range])
            case .literal(let literal): literal
            case .zeros(let count): [UInt8](repeating: 0, count: count)
            }
        }
    }
}
