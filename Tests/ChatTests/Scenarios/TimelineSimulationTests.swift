import Foundation
import Testing

/// Random histories of several servers against the rules that clients rely on. See `SimulatedWorld`.
@Suite struct TimelineSimulationTests {
    /// `PARLEY_SEED=42` replays one history alone; `PARLEY_SEED=1000-9999` runs more of them.
    private static func seeds(default count: UInt64) throws -> Range<UInt64> {
        guard let text = ProcessInfo.processInfo.environment["PARLEY_SEED"] else { return 0..<count }
        let ends = text.split(separator: "-", maxSplits: 1).map { UInt64($0) }
        let first = try #require(ends.first ?? nil, "PARLEY_SEED is a number, or two as in 1000-9999")
        let last = try #require(ends.last ?? nil, "PARLEY_SEED is a number, or two as in 1000-9999")
        try #require(first <= last && last < .max)
        return first..<(last + 1)
    }

    private struct Outcome: Sendable {
        var errors: [String] = []
        var broken = 0
        var events = 0
        var deliveries = 0
        var reads = 0
        var givenUp = 0
        var checks = 0

        mutating func add(_ other: Outcome) {
            errors = Array((errors + other.errors).prefix(5))
            broken += other.broken
            events += other.events
            deliveries += other.deliveries
            reads += other.reads
            givenUp += other.givenUp
            checks += other.checks
        }
    }

    private static func play(_ seed: UInt64, fault: SimulatedWorld.Fault?) -> Outcome {
        let world = SimulatedWorld(seed: seed, fault: fault)
        world.play()
        let it = world.statistics
        return Outcome(
            errors: Array(world.errors.prefix(3)), broken: world.errors.isEmpty ? 0 : 1, events: it.events,
            deliveries: it.deliveries, reads: it.reads, givenUp: it.givenUp, checks: it.checks)
    }

    /// Plays histories on all cores. Other tests get their turn after each history: those with an open transaction would
    /// otherwise leave it idle until PostgreSQL ends it.
    private static func play(_ seeds: Range<UInt64>, fault: SimulatedWorld.Fault? = nil) async -> Outcome {
        await withTaskGroup(of: Outcome.self) { group in
            let lines = UInt64(ProcessInfo.processInfo.activeProcessorCount)
            for line in 0..<lines {
                group.addTask {
                    var outcome = Outcome()
                    for seed in seeds where seed % lines == line {
                        outcome.add(play(seed, fault: fault))
                        await Task.yield()
                    }
                    return outcome
                }
            }
            return await group.reduce(into: Outcome()) { $0.add($1) }
        }
    }

    @Test func nothingIsLostDoubledOutOfOrderOrLeaked() async throws {
        let seeds = try Self.seeds(default: 1000)
        let outcome = await Self.play(seeds)
        for error in outcome.errors { Issue.record("\(error)") }
        #expect(outcome.broken == 0, "replay one alone with PARLEY_SEED")
        print("simulation: \(seeds.count) histories from \(seeds.lowerBound) on, \(outcome)")
        // The histories are not idle.
        #expect(outcome.deliveries > 500 * seeds.count)
        #expect(outcome.reads > 10 * seeds.count)
        #expect(outcome.givenUp >= seeds.count / 10)
        #expect(outcome.checks > 100 * seeds.count)
    }

    /// The checks notice what the rules are for: without order everything breaks, without reading what is missing too. Hints
    /// matter where the last event of a conversation is lost.
    @Test(arguments: SimulatedWorld.Fault.allCases)
    func withoutARuleHistoriesBreak(_ fault: SimulatedWorld.Fault) async {
        let outcome = await Self.play(0..<20, fault: fault)
        #expect(outcome.broken >= (fault == .hints ? 1 : 15), "\(fault): \(outcome.broken) of 20")
    }

    @Test func aSeedReplays() {
        let (one, other) = (Self.play(7, fault: .order), Self.play(7, fault: .order))
        #expect(one.errors == other.errors)
        #expect(one.deliveries == other.deliveries)
    }
}
