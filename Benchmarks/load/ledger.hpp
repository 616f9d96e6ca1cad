// Who got which message: exactly once, and in the order in which it was sent.
#pragma once
#include <algorithm>
#include <cstdint>
#include <set>
#include <vector>

/// The messages of one sender as one receiver sees them: 0, 1, 2 …
class Stream {
public:
    enum Arrival { inOrder, early, late, repeated };

    /// `early`: earlier messages are still missing. `late`: one of those has arrived.
    Arrival arrive(uint32_t number) {
        if (number == next) {
            next++;
            return inOrder;
        }
        if (number > next) {
            for (; next < number; next++) missing.insert(next);
            next++;
            return early;
        }
        return missing.erase(number) ? late : repeated;
    }

    /// How many of the first `sent` messages are missing.
    uint64_t lost(uint32_t sent) const { return missing.size() + (sent > next ? sent - next : 0); }

private:
    uint32_t next = 0;
    std::set<uint32_t> missing;
};

/// The `seq` numbers of one conversation as one connection sees them: other people's messages come in ascending order,
/// and together with those acknowledged to the connection itself they have no gap and no repeat.
class Sequence {
public:
    /// One that sends gets the numbers of its own messages with their acknowledgements, whose place among the deliveries
    /// is not laid down: whether there are gaps is known at the end.
    explicit Sequence(bool sends = false) : sends(sends) {}

    void delivered(uint64_t seq) {
        if (sends) {
            breaks += seq <= newest;
            seen.push_back(seq);
        } else {
            breaks += newest && seq != newest + 1;
        }
        newest = seq;
    }

    void acknowledged(uint64_t seq) { seen.push_back(seq); }

    /// How often the order was broken or had a gap. Call this once, at the end.
    uint64_t count() {
        std::sort(seen.begin(), seen.end());
        for (size_t i = 1; i < seen.size(); i++) breaks += seen[i] != seen[i - 1] + 1;
        return breaks;
    }

private:
    bool sends;
    uint64_t newest = 0, breaks = 0;
    std::vector<uint64_t> seen;
};
