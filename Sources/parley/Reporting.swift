import ArgumentParser
import Foundation
import Logging
import ParleyServer

/// Runs a command with the settings and a log on standard error. An error is printed there as one line, and the exit
/// code is 1.
func reporting(_ body: (ServerConfiguration, Logger) async throws -> Void) async throws {
    do {
        let configuration = try await ServerConfiguration.load()
        if Installation.current.isPackaged { try Installation.becomeOwner(of: configuration.storageDirectory) }
        if JournalLogHandler.isConnected() {
            LoggingSystem.bootstrap { _ in JournalLogHandler() }
        } else {
            LoggingSystem.bootstrap(StreamLogHandler.standardError)
        }
        var logger = Logger(label: "parley")
        logger.logLevel = configuration.logLevel
        try await body(configuration, logger)
    } catch let code as ExitCode {
        throw code
    } catch {
        say("parley: \(error)")
        throw ExitCode.failure
    }
}

/// Like `reporting`, for a command beside the server: only errors are logged.
func operating(_ body: (ServerConfiguration, Logger) async throws -> Void) async throws {
    try await reporting { configuration, logger in
        var logger = logger
        logger.logLevel = max(logger.logLevel, .error)
        try await body(configuration, logger)
    }
}

/// Prints a line on standard error. Standard output is for results.
func say(_ line: String) {
    try? FileHandle.standardError.write(contentsOf: Data((line + "\n").utf8))
}
