internal import DequeModule
internal import Foundation

/// Which files a cache holds, and which goes next when there is no room: one that was not asked for since the last time it
/// was looked at (the clock algorithm), or is old. Pure: the time is passed in.
struct CacheIndex {
    private struct Entry {
        var size: Int
        var written: Date
        var isUsed = false
    }

    private let maxBytes: Int
    private var entries: [String: Entry] = [:]
    private var order: Deque<String> = []
    private(set) var bytes = 0

    init(maxBytes: Int) { self.maxBytes = maxBytes }

    var count: Int { entries.count }

    /// In bytes; nil if it is not there.
    mutating func find(_ name: String) -> Int? {
        entries[name]?.isUsed = true
        return entries[name]?.size
    }

    /// - Parameter written: When it came.
    /// - Returns: The files that have to go for it: the file itself if it is too large.
    mutating func insert(_ name: String, size: Int, written: Date) -> [(name: String, size: Int)] {
        guard size <= maxBytes / 4 else { return [(name, size)] }
        guard entries[name] == nil else { return [] }
        entries[name] = Entry(size: size, written: written)
        order.append(name)
        bytes += size
        var gone: [(name: String, size: Int)] = []
        while bytes > maxBytes, let oldest = order.popFirst() {
            // A removed one, whose place in the line stays.
            guard let entry = entries[oldest] else { continue }
            if entry.isUsed {
                entries[oldest]?.isUsed = false
                order.append(oldest)
            } else {
                gone.append((oldest, entry.size))
                remove(oldest)
            }
        }
        return gone
    }

    /// Removes what came before `oldest`, however often it was asked for, or, as the clock was set back, only later.
    /// - Returns: The files that have to go.
    mutating func removeOld(_ oldest: Date, now: Date) -> [(name: String, size: Int)] {
        let old = entries.filter { $0.value.written < oldest || $0.value.written > now }
        for name in old.keys { remove(name) }
        order = order.filter { entries[$0] != nil }
        return old.map { ($0.key, $0.value.size) }
    }

    mutating func remove(_ name: String) {
        guard let entry = entries.removeValue(forKey: name) else { return }
        bytes -= entry.size
    }
}
