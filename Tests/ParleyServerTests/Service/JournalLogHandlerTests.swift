import Glibc
import Logging
import Synchronization
import Testing

@testable import ParleyServer

struct JournalLogHandlerTests {
    @Test func `a line has a priority, its metadata, and no time`() {
        let lines = Mutex<[String]>([])
        var logger = Logger(label: "parley") { _ in JournalLogHandler { line in lines.withLock { $0.append(line) } } }
        logger[metadataKey: "port"] = "8080"
        logger.info("listening")
        logger.error("two\nlines", metadata: ["code": "7"])
        logger.debug("too fine")
        #expect(lines.withLock { $0 } == ["<6>listening port=8080\n", "<3>two\\nlines code=7 port=8080\n"])
    }

    @Test func `the journal is standard error's file`() throws {
        let stream = try #require(JournalLogHandler.stream(of: STDERR_FILENO))
        #expect(JournalLogHandler.isConnected(["JOURNAL_STREAM": stream]))
        #expect(!JournalLogHandler.isConnected(["JOURNAL_STREAM": stream + "1"]))
        #expect(!JournalLogHandler.isConnected([:]))
    }
}
