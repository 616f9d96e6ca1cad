internal import CSandbox
internal import Foundation
internal import Glibc

/// The directory of one job, with its input and its results. Its maker calls `remove`.
///
/// The worker gets it as a descriptor. So it needs no access to the directories above, and a replaced storage does no
/// harm. It may only read the input, because those bytes may be served under their hash.
struct JobDirectory {
    /// A result that a hijacked worker may have made. It must not be used.
    struct Untrustworthy: Error {
        let reason: String
    }

    let descriptor: OpenFile
    private let path: String
    private let file: ReceivedFile
    private let account: WorkerAccount?

    init(_ file: ReceivedFile, for account: WorkerAccount?) throws {
        self.file = file
        self.account = account
        path = file.path + TemporaryDirectory.suffix
        // An earlier attempt may have been interrupted.
        TemporaryDirectory.remove(path)
        guard mkdir(path, 0o700) == 0 else {
            if errno == ENOENT { throw MediaError(.unavailable, "\(path) cannot be made: the directory is gone") }
            throw MediaError(errno: errno, "mkdir \(path)")
        }
        do {
            try Self.fill(path, file, account)
            descriptor = try OpenFile(path, O_RDONLY | O_DIRECTORY)
        } catch {
            TemporaryDirectory.remove(path)
            throw error
        }
    }

    private static func fill(_ path: String, _ file: ReceivedFile, _ account: WorkerAccount?) throws {
        let (input, results) = ("\(path)/\(CSANDBOX_INPUT)", "\(path)/\(CSANDBOX_RESULTS)")
        if link(file.path, input) != 0 {
            guard [EPERM, EOPNOTSUPP, ENOSYS, EMLINK].contains(errno) else {
                throw MediaError(errno: errno, "link \(input)")
            }
            try FileManager.default.copyItem(atPath: file.path, toPath: input)
        }
        try check(mkdir(results, 0o700), "mkdir \(results)")
        guard let account else { return }
        try check(chown(input, 0, account.group), "chown \(input)")
        try check(chmod(input, 0o640), "chmod \(input)")
        try check(chown(results, account.user, account.group), "chown \(results)")
        try check(chown(path, 0, account.group), "chown \(path)")
        try check(chmod(path, 0o750), "chmod \(path)")
    }

    private static func check(_ result: Int32, _ call: String) throws {
        if result != 0 { throw MediaError(errno: errno, call) }
    }

    /// Moves the results beside the received file. The job must have ended.
    /// - Throws: `Untrustworthy` for an unexpected result.
    func collect(_ media: ProcessedMedia) throws {
        for thumbnail in media.thumbnails { try collect(BlobVariant.thumbnail(thumbnail.size).suffix, size: nil) }
        if let cleaned = media.cleaned { try collect(BlobStore.cleanedSuffix, size: cleaned.size) }
    }

    private func collect(_ suffix: String, size: Int?) throws {
        let path = "\(path)/\(WorkerJob.output(suffix))"
        guard let result = try? OpenFile(path, O_RDONLY | O_NONBLOCK) else {
            throw Untrustworthy(reason: "\(suffix) is missing")
        }
        var status = stat()
        guard fstat(result.descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_nlink == 1,
            status.st_size > 0, Int(status.st_size) == size ?? Int(status.st_size)
        else { throw Untrustworthy(reason: "\(suffix) is not what the worker said") }
        if account != nil { try Self.check(fchown(result.descriptor, geteuid(), getegid()), "chown \(path)") }
        try Self.check(fchmod(result.descriptor, 0o600), "chmod \(path)")
        guard rename(path, file.path + suffix) == 0 else { throw MediaError(errno: errno, "rename \(path)") }
    }

    /// Removes the directory and its content.
    func remove() {
        TemporaryDirectory.remove(path)
        guard account != nil else { return }
        // The input keeps its other name, and belongs to the server alone again.
        _ = fchown(file.file.descriptor, geteuid(), getegid())
        _ = fchmod(file.file.descriptor, 0o600)
    }
}
