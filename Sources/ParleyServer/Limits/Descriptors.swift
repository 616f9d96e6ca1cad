import Glibc

/// How many files and connections this process may have open (getrlimit(2), RLIMIT_NOFILE).
struct Descriptors: Sendable {
    let limit: Int

    /// Raises the limit as far as the system allows, which is often a thousand times the initial value.
    static func raisingLimit() -> Descriptors {
        var limits = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits) == 0 else {
            return Descriptors(limit: 1024)
        }
        var raised = limits
        raised.rlim_cur = limits.rlim_max
        let isRaised = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0
        return Descriptors(limit: Int(clamping: isRaised ? raised.rlim_cur : limits.rlim_cur))
    }

    /// How many descriptors connections may take. The rest is for files, workers and the database, so that connected
    /// users can work however many others come.
    var forConnections: Int { limit - min(1024, limit / 8) }

    /// How many connections one address may have by default. A company behind one address has plenty, and no single
    /// address can take them all.
    var forOneAddress: Int { max(1, min(10_000, forConnections / 4)) }

    /// Whether connections have taken their part. The next descriptor is always the lowest free one.
    /// - Parameter any: A descriptor that is open; -1 where there is none, and nothing is known.
    func areTaken(probing any: Int32) -> Bool {
        guard any >= 0 else { return false }
        let next = fcntl(any, F_DUPFD_CLOEXEC, 0)
        guard next >= 0 else { return true }
        close(next)
        return next >= forConnections
    }
}
