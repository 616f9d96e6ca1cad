import Foundation
import Glibc

extension Administration {
    /// What `parley doctor` found out about the packages that parse untrusted bytes.
    public struct Diagnosis: Sendable {
        /// Installed packages, by name.
        public var versions: [(package: String, version: String)]
        /// Packages of which apt knows a newer version.
        public var outdated: [Update]
        /// Why newer versions could not be looked for, if so.
        public var obstacle: String?
    }

    /// A newer version of an installed package.
    public struct Update: Sendable, Equatable {
        public var package: String
        public var version: String
        public var isSecurity: Bool
    }

    /// Prefixes of package names: decoders, file typing, the database and its client, and TLS.
    private static let watched = [
        "ffmpeg", "libaom", "libavcodec", "libavformat", "libcgif", "libdav1d", "libde265", "libexif", "libgif",
        "libheif",
        "libimagequant", "libjpeg", "libjxl", "liblcms2", "libmagic1", "libopenjp2", "libpng16", "libpq5", "librsvg2-2",
        "libssl", "libtiff", "libvips42", "libvpx", "libwebp", "libx264", "libx265", "postgresql-", "zlib1g",
    ]
    private static let unwatched = ["-dev", "-doc", "-tools", "-common"]

    static func isWatched(_ package: String) -> Bool {
        watched.contains { package.hasPrefix($0) } && !unwatched.contains { package.hasSuffix($0) }
    }

    /// After so many days apt's lists are too old.
    private static let maxAge = 7

    /// Asks the package manager. Changes nothing, and needs no privileges.
    public static func diagnose() async throws -> Diagnosis {
        guard let installed = try await output(of: ["/usr/bin/dpkg-query", "-W", "-f", "${Package} ${Version}\\n"])
        else {
            return Diagnosis(
                versions: [], outdated: [], obstacle: "there is no dpkg here: look after the libraries yourself")
        }
        let versions = installed.split(separator: "\n").compactMap { line -> (package: String, version: String)? in
            let parts = line.split(separator: " ")
            guard parts.count == 2, isWatched(String(parts[0])) else { return nil }
            return (String(parts[0]), String(parts[1]))
        }
        guard let list = try await output(of: ["/usr/bin/apt", "list", "--upgradable"]) else {
            return Diagnosis(versions: versions, outdated: [], obstacle: "there is no apt here")
        }
        return Diagnosis(versions: versions, outdated: updates(in: list), obstacle: ageOfLists())
    }

    /// The watched packages of `apt list --upgradable`, whose lines are `name/suite,suite version architecture […]`.
    static func updates(in list: String) -> [Update] {
        list.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count >= 3, let slash = fields[0].firstIndex(of: "/") else { return nil }
            let package = String(fields[0][..<slash])
            guard isWatched(package) else { return nil }
            return Update(
                package: package, version: String(fields[1]),
                isSecurity: fields[0][slash...].contains("-security"))
        }
    }

    /// Why apt's answer cannot be trusted, if so: it only knows what `apt-get update` told it.
    private static func ageOfLists() -> String? {
        let directory = "/var/lib/apt/lists"
        let files = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        let newest = files.filter { $0.hasSuffix("Packages") || $0.hasSuffix("InRelease") || $0.hasSuffix(".lz4") }
            .compactMap {
                try? FileManager.default.attributesOfItem(atPath: "\(directory)/\($0)")[.modificationDate] as? Date
            }.max()
        guard let newest else { return "apt knows of no packages: run apt-get update" }
        // An archive that seldom changes leaves its lists as they are. These files say when they were last checked.
        let stamps = ["/var/lib/apt/periodic/update-success-stamp", "/var/cache/apt/pkgcache.bin"]
        let asked = stamps.compactMap {
            try? FileManager.default.attributesOfItem(atPath: $0)[.modificationDate] as? Date
        }.max()
        let days = Int(-max(newest, asked ?? newest).timeIntervalSinceNow / 86_400)
        return days > maxAge ? "what apt knows is \(days) days old: run apt-get update" : nil
    }

    /// A program's standard output; nil if there is no such program.
    private static func output(of command: [String]) async throws -> String? {
        guard FileManager.default.isExecutableFile(atPath: command[0]) else { return nil }
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { close(null) }
        let pipe = Pipe()
        let process = try ChildProcess(
            command, environment: ["PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"],
            descriptors: [0: null, 1: pipe.fileHandleForWriting.fileDescriptor, 2: null])
        try pipe.fileHandleForWriting.close()
        let text = try await Task.detached { try pipe.fileHandleForReading.readToEnd() }.value ?? Data()
        guard await process.waitForExit() == 0 else { throw OperatorError("\(command[0]) failed") }
        return String(decoding: text, as: UTF8.self)
    }
}
