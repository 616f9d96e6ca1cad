import NIOCore

/// The session's polls and posts.
extension EngineSession {
    func receivePoll(_ exchange: HTTPExchange) {
        switch machine.receivedPoll(now: eventLoop.now) {
        case .hold:
            poll = exchange
            timer?.set(machine.nextDeadline)
        case .respond(let packets): answer(exchange, with: packets)
        case .respondAndEnd(let packets):
            answer(exchange, with: packets)
            end(.forcedClose)
        case .refuse(let error):
            server.refuse(exchange, error)
        case .overlap:
            respondToPoll([.close])
            server.refuse(exchange, .badRequest)
            end(.transportError)
        case .expired:
            server.refuse(exchange, .unknownSession)
            end(.pingTimeout)
        }
    }

    /// The client canceled a waiting poll.
    func pollAborted(_ exchange: HTTPExchange) {
        guard poll === exchange else { return }
        poll = nil
        end(.transportError)
    }

    func receivePost(_ exchange: HTTPExchange, body: ByteBuffer) {
        switch machine.receivedPost(now: eventLoop.now) {
        case .accept: break
        case .refuse(let error): return server.refuse(exchange, error)
        case .expired:
            server.refuse(exchange, .unknownSession)
            return end(.pingTimeout)
        }
        do throws(PacketError) {
            let packets = try PollingPayload.decode(body, maxPackets: server.configuration.maxInboundPackets)
            // The answer precedes the messages' effects, which leave with the next poll.
            server.responses.acknowledge(exchange)
            for packet in packets { receive(packet) }
        } catch {
            server.refuse(exchange, .badRequest)
            end(.parseError)
        }
    }

    func respondToPoll(_ packets: [EncodedPacket]) {
        guard let exchange = poll else { return }
        poll = nil
        answer(exchange, with: packets)
    }

    private func answer(_ exchange: HTTPExchange, with packets: [EncodedPacket]) {
        let bytes = packets.reduce(0) { $0 + $1.size }
        machine.answering(bytes)
        let written = eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenComplete { _ in self.machine.answered(bytes) }
        server.responses.send(packets, to: exchange, written: written)
    }
}
