import Foundation
import Glibc
import Testing

@testable import Media

/// What a hijacked decoder can do. `Tests/SandboxAttacks` tries it.
@Suite struct SandboxTests {
    /// What a kernel may lack, an ordinary user may not do anyhow, or another process's privileges forbid.
    private static let notAlways: Set<String> = [
        "huge_memory", "secret_memory", "ring", "page_faults", "keys", "add_key", "bpf", "counters", "make_device",
        "trace_parent", "read_parent", "read_processes", "mounts", "changes_root", "becomes_root", "host_name",
        "new_user", "new_user_by_clone", "handle",
    ]

    struct Outcome {
        let attack: String
        let free: Substring
        let inJob: Substring
        let inTool: Substring
    }

    /// Compiled here: as a program of the package it would need Swift's libraries, which the sandbox does not know.
    private func attack(_ options: String) throws -> [Outcome] {
        let sources = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../").standardized
            .path
        let directory = MediaBench.temporaryDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let table = try shell(
            """
            cd \(directory); chmod 755 .; mkdir -m 777 field
            cc -O1 -pthread -I \(sources)/Sources/CSandbox/include \(sources)/Tests/SandboxAttacks/main.c \
                \(sources)/Sources/CSandbox/*.c -o attacks
            chmod 755 attacks; ./attacks \(options) "$PWD/field" </dev/null
            """)
        return table.split(separator: "\n").compactMap { line in
            let parts = line.split(separator: " ")
            return parts.count == 4
                ? Outcome(attack: String(parts[0]), free: parts[1], inJob: parts[2], inTool: parts[3]) : nil
        }
    }

    @Test(arguments: ["", "--user"])
    func nothingGetsOut(options: String) throws {
        let outcomes = try attack(options)
        #expect(outcomes.count >= 95)
        for outcome in outcomes {
            #expect(outcome.inJob == "refused" && outcome.inTool == "refused", "\(outcome)")
            #expect(outcome.free == "done" || Self.notAlways.contains(outcome.attack), "\(outcome) proves nothing")
        }
    }

    @Test func aKernelThatCannotDoItIsSaid() {
        #expect(MediaWorkers.weakness(landlock: 0)?.contains("no Landlock") == true)
        #expect(MediaWorkers.weakness(landlock: 2)?.contains("ABI 2") == true)
        #expect(MediaWorkers.weakness(landlock: 3) == nil)
    }

    @Test(arguments: ["nothing", "a link", "a second name", "a pipe", "a directory", "no bytes", "bytes"])
    func onlyPlainFilesAreResults(what: String) async throws {
        try await MediaBench.run { bench in
            let file = try await bench.receive(try Photos.jpeg())
            let directory = try JobDirectory(file, for: nil)
            defer { directory.remove() }
            let result = "\(file.path).job/out/file.small.webp"
            let secret = "\(bench.directory)/secret"
            try Data("secret".utf8).write(to: URL(fileURLWithPath: secret))
            switch what {
            case "a link": #expect(symlink(secret, result) == 0)
            case "a second name": #expect(link(secret, result) == 0)
            case "a pipe": #expect(mkfifo(result, 0o600) == 0)
            case "a directory": #expect(mkdir(result, 0o700) == 0)
            case "no bytes": try Data().write(to: URL(fileURLWithPath: result))
            case "bytes": try Data("webp".utf8).write(to: URL(fileURLWithPath: result))
            default: break
            }
            var media = ProcessedMedia(type: file.type, kind: .image)
            media.thumbnails = [Thumbnail(size: .small, width: 1, height: 1)]
            if what == "bytes" {
                try directory.collect(media)
                #expect(try read("\(file.path).small.webp") == Array("webp".utf8))
            } else {
                #expect(throws: JobDirectory.Untrustworthy.self) { try directory.collect(media) }
                #expect(access("\(file.path).small.webp", F_OK) != 0)
            }
            #expect(try read(secret) == Array("secret".utf8))
        }
    }

    @Test func anAnswerThatCannotBeIsNotBelieved() {
        var media = ProcessedMedia(type: "image/png", kind: .image)
        #expect(media.isPlausible(for: "image/png"))
        #expect(!media.isPlausible(for: "image/jpeg"))
        media.width = -1
        #expect(!media.isPlausible(for: "image/png"))
        media.width = 10
        media.thumbnails = [Thumbnail](repeating: Thumbnail(size: .small, width: 1, height: 1), count: 2)
        #expect(!media.isPlausible(for: "image/png"))
        media.thumbnails = []
        media.blurhash = String(repeating: "x", count: 101)
        #expect(!media.isPlausible(for: "image/png"))
    }
}
