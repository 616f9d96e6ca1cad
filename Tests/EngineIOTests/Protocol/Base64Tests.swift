import NIOCore
import Testing

@testable import EngineIO

@Suite struct Base64Tests {
    private func decode(_ text: String) -> [UInt8]? { Base64.decode(text.utf8).map { Array($0.readableBytesView) } }

    /// RFC 4648 sections 4 and 5, with and without padding, and lines as MIME breaks them.
    @Test(arguments: ["+/+/AQI=", "-_-_AQI=", "+_-/AQI", "+/+/\nAQI=", "+/+/\r\nAQI=\r\n", " +/\t+/ AQI = "])
    func everyDialectIsRead(text: String) {
        #expect(decode(text) == [0xfb, 0xff, 0xbf, 0x01, 0x02])
    }

    @Test(arguments: ["A", "AQIDB", "AQ==AQ==", "A=Q=", "AQI?", "AQI."])
    func whatIsNoBase64IsRefused(text: String) {
        #expect(decode(text) == nil)
    }

    @Test(arguments: [0, 1, 2, 3, 100]) func whatIsWrittenIsRead(count: Int) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 71) }
        #expect(decode(String(buffer: Base64.encode(ByteBuffer(bytes: bytes)))) == bytes)
    }

    @Test func theSafeAlphabetIsOfURLs() {
        #expect(Base64.urlSafe([0xfb, 0xff, 0xbf, 0x01]) == "-_-_AQ")
        #expect(Base64.urlSafe([]) == "")
    }
}
