import Foundation
import NIOCore
import NIOPosix
import RealtimeTesting
import Testing

@testable import SocketIO

@Suite struct LoopMailboxTests {
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    @Test func workIsDoneInTheOrderInWhichItIsHandedOver() async throws {
        let mailbox = LoopMailbox(eventLoop: group.next())
        let done = Recorder<String>()
        try await group.next().submit {
            let handedOver = DispatchSemaphore(value: 0)
            Thread.detachNewThread {
                mailbox.hand { done.append("other thread") }
                handedOver.signal()
            }
            handedOver.wait()
            mailbox.hand {
                // Work that is handed over by work comes after what was there before.
                mailbox.hand { done.append("by work") }
                done.append("here")
            }
            #expect(done.all == ["other thread", "here"], "on the event loop it is done at once")
        }.get()
        try await group.next().submit { #expect(done.all == ["other thread", "here", "by work"]) }.get()
        try await group.shutdownGracefully()
    }

    @Test func workOfManyThreadsIsAllDone() async throws {
        let mailbox = LoopMailbox(eventLoop: group.next())
        let done = Recorder<Int>()
        await withTaskGroup { tasks in
            for line in 0..<4 {
                tasks.addTask { for number in 0..<500 { mailbox.hand { done.append(line * 1000 + number) } } }
            }
        }
        try await group.next().submit {}.get()
        let all = done.all
        #expect(all.count == 2000)
        for line in 0..<4 { #expect(all.filter { $0 / 1000 == line } == (0..<500).map { line * 1000 + $0 }) }
        try await group.shutdownGracefully()
    }
}
