import NIOCore
import Testing

@testable import Media

@Suite struct ObjectContentsTests {
    private func webP(_ size: UInt32, announcing length: UInt32? = nil) -> ByteBuffer {
        var bytes = ByteBuffer(string: "RIFF")
        bytes.writeInteger(length ?? size - 8, endianness: .little)
        bytes.writeRepeatingByte(7, count: Int(size) - 8)
        return bytes
    }

    /// Whatever is kept in the cache stays there.
    @Test func whatIsCutShortIsNotWhole() {
        #expect(ObjectContents.isWhole(ByteBuffer(string: "abc"), size: 3))
        #expect(!ObjectContents.isWhole(ByteBuffer(string: "ab"), size: 3))
        #expect(ObjectContents.isWhole(webP(100), size: nil))
        #expect(!ObjectContents.isWhole(webP(50, announcing: 92), size: nil))
        #expect(!ObjectContents.isWhole(ByteBuffer(), size: nil))
        #expect(!ObjectContents.isWhole(ByteBuffer(string: "RIFF"), size: nil))
    }
}
