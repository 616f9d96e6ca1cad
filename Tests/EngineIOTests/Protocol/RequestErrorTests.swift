import HTTPTypes
import NIOCore
import Testing

@testable import EngineIO

@Suite struct RequestErrorTests {
    @Test func answersWithTheProtocolsJSON() {
        #expect(RequestError.unknownTransport.body == ByteBuffer(string: #"{"code":0,"message":"Transport unknown"}"#))
        let refusal = HandshakeRefusal(status: .unauthorized, message: #"say "please""#)
        #expect(RequestError.forbidden(refusal).status == .unauthorized)
        #expect(
            RequestError.forbidden(refusal).body == ByteBuffer(string: #"{"code":4,"message":"say \"please\""}"#)
        )
    }
}
