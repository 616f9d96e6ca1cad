import NIOCore
import Testing

@testable import RedisClient

@Suite struct RESPWriterTests {
    @Test func commandsAreArraysOfStrings() {
        var writer = RESPWriter()
        writer.command(["AUTH", "ä b"])
        writer.publish(RedisMessage(channel: "c", payload: ByteBuffer(string: "x\r\ny")))
        #expect(
            String(buffer: writer.buffer)
                == "*2\r\n$4\r\nAUTH\r\n$4\r\nä b\r\n*3\r\n$7\r\nPUBLISH\r\n$1\r\nc\r\n$4\r\nx\r\ny\r\n")
    }
}
