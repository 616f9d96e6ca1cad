internal import Foundation
internal import Glibc

/// A directory in `tmp` that lives as long as the processing of one file.
enum TemporaryDirectory {
    /// What follows the file's name in the directory's.
    static let suffix = ".job"

    /// Removes the directory and what is in it. Tries again, because a process that was just killed may still add a file.
    static func remove(_ path: String) {
        for _ in 0..<maxAttempts where access(path, F_OK) == 0 {
            if (try? FileManager.default.removeItem(atPath: path)) != nil { return }
            usleep(10_000)
        }
    }

    private static let maxAttempts = 20
}
