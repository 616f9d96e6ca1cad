import NIOCore

/// Flushing, and what happens when the client does not read.
extension WebSocketConnection {
    func flush() {
        guard let context else { return }
        context.flush()
        guard state == .open else { return }
        guard channel?.isWritable == false else { return pauseReadingIfMuchWaits(context) }
        switch configuration.slowReader {
        case .disconnect:
            // A single message above the limit does not make a client slow.
            if waitingBytes > largestWrite { receiver?.webSocketIsSlow(self) }
        case .pauseReading: isReadingPaused = true
        }
    }

    /// Bytes that wait in the channel.
    private var waitingBytes: Int { (try? channel?.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0 }

    /// A client that sends much before it reads the answers is not slow. The server just stops reading until it has
    /// read them.
    private func pauseReadingIfMuchWaits(_ context: ChannelHandlerContext) {
        let bound = configuration.maxOutboundBytes / 4
        guard writtenBytes - drainedBytes >= bound, !isReadingPaused else { return }
        drainedBytes = writtenBytes - waitingBytes
        guard writtenBytes - drainedBytes >= bound else { return }
        isReadingPaused = true
        if configuration.slowReader == .disconnect { expectProgress() }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer())).hop(to: eventLoop).whenSuccess {
            guard self.isReadingPaused, let context = self.context else { return }
            self.isReadingPaused = false
            context.read()
        }
    }

    /// While reading is paused, a client that makes no progress for a while is slow.
    private func expectProgress() {
        eventLoop.scheduleTask(in: .seconds(5)) {
            guard self.isReadingPaused, self.state == .open else { return }
            let drained = self.writtenBytes - self.waitingBytes
            guard drained > self.drainedBytes else {
                self.receiver?.webSocketIsSlow(self)
                return
            }
            self.drainedBytes = drained
            self.expectProgress()
        }
    }

    func read(context: ChannelHandlerContext) {
        if !isReadingPaused { context.read() }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { largestWrite = 0 }
        guard context.channel.isWritable, isReadingPaused else { return }
        isReadingPaused = false
        context.read()
    }
}
