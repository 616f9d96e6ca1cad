import Foundation
import Glibc

/// The packages that parse untrusted bytes: whether apt knows newer versions of them.
enum PackageCheck {
    /// A newer version of an installed package.
    struct Update: Equatable {
        var package: String
        var version: String
        var isSecurity: Bool
    }

    /// Prefixes of package names: decoders, file typing, the database and its client, and TLS.
    private static let watched = [
        "ffmpeg", "libaom", "libavcodec", "libavformat", "libcgif", "libdav1d", "libde265", "libexif", "libgif",
        "libheif",
        "libimagequant", "libjpeg", "libjxl", "liblcms2", "libmagic1", "libopenjp2", "libpng16", "libpoppler", "libpq5",
        "librsvg2-2",
        "libssl", "libtiff", "libvips42", "libvpx", "libwebp", "libx264", "libx265", "postgresql-", "zlib1g",
    ]
    private static let unwatched = ["-dev", "-doc", "-tools", "-common"]

    static func isWatched(_ package: String) -> Bool {
        watched.contains { package.hasPrefix($0) } && !unwatched.contains { package.hasSuffix($0) }
    }

    /// After so many days apt's lists are too old.
    private static let maxAge = 7

    /// Asks the package manager. Needs no privileges.
    static func findings() async -> [Finding] {
        let topic = "packages"
        do {
            guard let installed = try await output(of: ["/usr/bin/dpkg-query", "-W", "-f", "${Package}\\n"]) else {
                return [.warning(topic, "there is no dpkg here", do: "look after the libraries yourself")]
            }
            guard let list = try await output(of: ["/usr/bin/apt", "list", "--upgradable"]) else {
                return [.warning(topic, "there is no apt here", do: "look after the libraries yourself")]
            }
            let count = installed.split(separator: "\n").count { isWatched(String($0)) }
            return findings(updates(in: list), installed: count, obstacle: ageOfLists())
        } catch {
            return [.warning(topic, "\(error)", do: "look after the libraries yourself")]
        }
    }

    /// - Parameter obstacle: Why apt's answer cannot be trusted, if so.
    static func findings(_ updates: [Update], installed: Int, obstacle: String?) -> [Finding] {
        let topic = "packages"
        let advice = "apt-get upgrade, and restart the server; unattended-upgrades does the first by itself"
        var findings = updates.map { update in
            let text = "\(update.package): there is \(update.version)"
            return update.isSecurity
                ? Finding.error(topic, "\(text), a security update", do: advice) : .warning(topic, text, do: advice)
        }
        if let obstacle { findings.append(.warning(topic, obstacle, do: "apt-get update")) }
        if findings.isEmpty {
            findings.append(.fine(topic, "\(installed) that read what people upload are as new as apt knows"))
        }
        return findings
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
        guard let newest else { return "apt knows of no packages" }
        // An archive that seldom changes leaves its lists as they are. These files say when they were last checked.
        let stamps = ["/var/lib/apt/periodic/update-success-stamp", "/var/cache/apt/pkgcache.bin"]
        let asked = stamps.compactMap {
            try? FileManager.default.attributesOfItem(atPath: $0)[.modificationDate] as? Date
        }.max()
        let days = Int(-max(newest, asked ?? newest).timeIntervalSinceNow / 86_400)
        return days > maxAge ? "what apt knows is \(days) days old" : nil
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
