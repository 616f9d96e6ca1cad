import ChatModel
import Testing

@testable import Chat

/// Several servers' leases over one table, with a database that goes away, servers that freeze, and answers that take time.
/// Every choice follows from the seed.
@Suite struct NodeLeaseSimulationTests {
    private struct Random: RandomNumberGenerator {
        var state: UInt64

        // SplitMix64.
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    private struct Server {
        var lease: NodeLease
        var epoch: Int
        var frozenUntil = 0
        var isDead = false
        /// The answer to the question under way: when it comes.
        var answer: (tick: Int, action: NodeLease.Action, reached: Bool)?
        var lastRunning = 0
    }

    /// One tick is a tenth of a second.
    private struct World {
        var random: Random
        var servers: [Server] = []
        /// Epoch → when it was renewed.
        var rows: [Int: Int] = [:]
        var epochs = 0
        var awayUntil = 0
        var tick = 0
        let start = ContinuousClock.now
        /// Servers that lost their row although they had not been frozen.
        var wronged = 0
        var reaped = 0

        var now: ContinuousClock.Instant { start + .milliseconds(100 * tick) }

        mutating func chance(_ percent: Double) -> Bool { Double.random(in: 0..<100, using: &random) < percent }

        mutating func join() -> Int {
            epochs += 1
            rows[epochs] = tick
            return epochs
        }

        func isDead(_ renewed: Int) -> Bool { tick - renewed >= 150 }

        mutating func step() {
            tick += 1
            if tick > awayUntil, chance(0.05) { awayUntil = tick + Int.random(in: 1...600, using: &random) }
            for index in servers.indices where !servers[index].isDead {
                if tick <= servers[index].frozenUntil { continue }
                if chance(0.03) {
                    servers[index].frozenUntil = tick + Int.random(in: 1...400, using: &random)
                    continue
                }
                run(index)
                servers[index].lastRunning = tick
            }
        }

        private mutating func run(_ index: Int) {
            if let answer = servers[index].answer {
                guard tick >= answer.tick else { return }
                servers[index].answer = nil
                finish(index, answer.action, answer.reached)
            }
            guard servers[index].answer == nil else { return }
            for action in servers[index].lease.tick(now) where action == .renew || action == .join {
                // A statement takes up to 300 ms; one that meets no database ends after three seconds.
                let isAway = tick <= awayUntil
                let wait = isAway ? Int.random(in: 1...30, using: &random) : Int.random(in: 0...3, using: &random)
                servers[index].answer = (tick + wait, action, !isAway)
            }
        }

        private mutating func finish(_ index: Int, _ action: NodeLease.Action, _ reached: Bool) {
            guard reached else { return servers[index].lease.failed(now: now) }
            let epoch = servers[index].epoch
            let others = rows.filter { $0.key != epoch }
            let living = others.count { !isDead($0.value) }
            if action == .join {
                servers[index].epoch = join()
                _ = servers[index].lease.joined(others: living, now: now)
            } else if rows[epoch] == nil {
                servers[index].lease.isGone(now: now)
            } else {
                rows[epoch] = tick
                let dead = others.count - living
                if servers[index].lease.renewed(others: living, dead: dead, now: now).contains(.reap) { reap(index) }
            }
        }

        private mutating func reap(_ judge: Int) {
            for (epoch, renewed) in rows where isDead(renewed) {
                rows[epoch] = nil
                reaped += 1
                if let victim = servers.first(where: { $0.epoch == epoch && !$0.isDead }) {
                    // It ran all the time, and had only the database's absence to wait for.
                    if tick - victim.lastRunning <= 1, victim.frozenUntil < tick - 150 { wronged += 1 }
                }
            }
        }
    }

    private func world(_ seed: UInt64, maxPause: Duration? = nil) -> World {
        var world = World(random: Random(state: seed))
        for _ in 0..<3 {
            let lease =
                maxPause.map { NodeLease(others: 2, now: world.now, maxPause: $0) }
                ?? NodeLease(others: 2, now: world.now)
            world.servers.append(Server(lease: lease, epoch: world.join()))
        }
        return world
    }

    /// With "fifteen seconds without a dead lease of its own", a server whose last renewal before an outage was later than
    /// another's takes that one for dead when the database is back.
    @Test func aHastierJudgeWouldBeNoticed() {
        var wronged = 0
        for seed in UInt64(0)..<40 {
            var world = world(seed, maxPause: NodeTiming.death)
            for _ in 0..<3000 { world.step() }
            wronged += world.wronged
        }
        #expect(wronged > 0)
    }

    @Test(arguments: 0..<40)
    func nobodyWhoRunsIsTakenForDead(_ seed: UInt64) {
        var world = world(seed)
        // One server dies in the second half.
        for _ in 0..<3000 { world.step() }
        world.servers[0].isDead = true
        world.servers[0].answer = nil
        for _ in 0..<3000 { world.step() }
        #expect(world.wronged == 0)
        // Rest: everybody else runs, and the database is there.
        world.awayUntil = 0
        for index in world.servers.indices { world.servers[index].frozenUntil = 0 }
        var quiet = world
        for _ in 0..<600 {
            quiet.awayUntil = 0
            for index in quiet.servers.indices { quiet.servers[index].frozenUntil = 0 }
            quiet.step()
        }
        #expect(Set(quiet.rows.keys) == Set(quiet.servers.dropFirst().map(\.epoch)), "each living server has one row")
        #expect(quiet.servers.dropFirst().allSatisfy { $0.lease.others == 1 })
    }
}
