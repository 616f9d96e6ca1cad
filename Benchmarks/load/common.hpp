// Shared by the load tools: options, clock, histogram, the kernel's account of other processes, one JSON line.
#pragma once
#include <dirent.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cinttypes>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

/// Ends the program with one line that says why.
[[noreturn]] __attribute__((format(printf, 1, 2))) inline void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(2);
}

/// Nanoseconds of a clock, by default the monotonic one.
inline uint64_t nanoseconds(clockid_t clock = CLOCK_MONOTONIC) {
    timespec time;
    if (clock_gettime(clock, &time)) return 0;
    return uint64_t(time.tv_sec) * 1'000'000'000 + uint64_t(time.tv_nsec);
}

/// Raises the limit of descriptors to the system's: each connection takes one.
inline void raiseFileLimit() {
    rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/// `--name value …`. An option that nobody asked for is an error.
class Options {
public:
    Options(int count, char **arguments) {
        for (int i = 1; i < count; i += 2) {
            if (strncmp(arguments[i], "--", 2) || i + 1 == count) fail("%s: not of the form --name value", arguments[i]);
            values[arguments[i] + 2] = arguments[i + 1];
        }
    }

    std::string text(const std::string &name, const std::string &otherwise = "") {
        auto entry = values.find(name);
        if (entry == values.end()) return otherwise;
        std::string value = entry->second;
        values.erase(entry);
        return value;
    }

    double number(const std::string &name, double otherwise) {
        std::string value = text(name);
        if (value.empty()) return otherwise;
        char *end;
        double parsed = strtod(value.c_str(), &end);
        if (*end || parsed < 0) fail("--%s %s: not a number", name.c_str(), value.c_str());
        return parsed;
    }

    /// `1,2,3`.
    std::vector<int> numbers(const std::string &name) {
        std::vector<int> all;
        std::string rest = text(name);
        for (char *at = rest.data(), *end; *at; at = *end == ',' ? end + 1 : end) {
            all.push_back(int(strtol(at, &end, 10)));
            if (end == at || (*end && *end != ',') || all.back() < 0) fail("--%s %s: no numbers", name.c_str(), rest.c_str());
        }
        return all;
    }

    void finish() {
        if (!values.empty()) fail("--%s: there is no such option", values.begin()->first.c_str());
    }

private:
    std::map<std::string, std::string> values;
};

/// Counts of durations, exact to 1/64 of their size.
class Histogram {
public:
    void add(uint64_t value) {
        counts[slot(value)]++;
        total++;
    }

    /// The value below which `part` (0…1) of all lie, in the unit they were added in; 0 if there are none.
    double percentile(double part) const {
        uint64_t wanted = uint64_t(part * double(total)), passed = 0;
        for (unsigned i = 0; i < slots; i++)
            if ((passed += counts[i]) > wanted) return middle(i);
        return total ? percentile(double(total - 1) / double(total)) : 0;
    }

    uint64_t count() const { return total; }

private:
    static constexpr unsigned fine = 64, slots = fine * 59;

    static unsigned slot(uint64_t value) {
        if (value < fine) return unsigned(value);
        unsigned shift = 57 - unsigned(__builtin_clzll(value));
        return (shift + 1) * fine + unsigned(value >> shift) - fine;
    }

    static double middle(unsigned slot) {
        if (slot < fine) return slot;
        unsigned shift = slot / fine - 1;
        return double((uint64_t(slot % fine + fine) << shift) + (uint64_t(1) << shift) / 2);
    }

    std::vector<uint64_t> counts = std::vector<uint64_t>(slots);
    uint64_t total = 0;
};

/// CPU seconds of one process with all its threads, including those that have ended.
inline double processSeconds(pid_t pid) {
    clockid_t clock;
    if (!pid || clock_getcpuclockid(pid, &clock)) return 0;
    return double(nanoseconds(clock)) / 1e9;
}

/// CPU seconds of a process and its descendants. Of children that have ended it is what their parents were told, in
/// the kernel's ticks of 10 ms (proc(5): cutime).
inline double treeSeconds(pid_t root) {
    struct Entry {
        pid_t parent;
        uint64_t childrenTicks;
    };
    std::map<pid_t, Entry> processes;
    DIR *directory = root ? opendir("/proc") : nullptr;
    if (!directory) return 0;
    while (dirent *entry = readdir(directory)) {
        pid_t pid = atoi(entry->d_name);
        FILE *file = pid > 0 ? fopen(("/proc/" + std::to_string(pid) + "/stat").c_str(), "r") : nullptr;
        if (!file) continue;
        char line[1024];
        line[fread(line, 1, sizeof line - 1, file)] = 0;
        fclose(file);
        int parent;
        uint64_t user, system;
        // The name in parentheses may hold anything.
        const char *fields = strrchr(line, ')');
        if (fields && sscanf(fields + 1, " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %" SCNu64 "%" SCNu64,
                             &parent, &user, &system) == 3)
            processes[pid] = {parent, user + system};
    }
    closedir(directory);
    double seconds = 0;
    for (auto &[pid, entry] : processes) {
        pid_t ancestor = pid;
        while (ancestor != root && processes.count(ancestor)) ancestor = processes[ancestor].parent;
        if (ancestor == root) seconds += processSeconds(pid) + double(entry.childrenTicks) / double(sysconf(_SC_CLK_TCK));
    }
    return seconds;
}

struct Memory {
    double rss = 0, pss = 0;
    /// The most that was ever resident.
    double peak = 0;
};

/// Resident and proportional set size of a process and the peak of the former, in kB.
inline Memory memoryKB(pid_t pid) {
    Memory memory;
    FILE *file = pid ? fopen(("/proc/" + std::to_string(pid) + "/smaps_rollup").c_str(), "r") : nullptr;
    if (!file) return memory;
    char line[256];
    while (fgets(line, sizeof line, file)) {
        sscanf(line, "Rss: %lf", &memory.rss);
        sscanf(line, "Pss: %lf", &memory.pss);
    }
    fclose(file);
    file = fopen(("/proc/" + std::to_string(pid) + "/status").c_str(), "r");
    if (!file) return memory;
    while (fgets(line, sizeof line, file)) sscanf(line, "VmHWM: %lf", &memory.peak);
    fclose(file);
    return memory;
}

/// CPU seconds that the whole machine has spent.
inline double busySeconds() {
    FILE *file = fopen("/proc/stat", "r");
    if (!file) return 0;
    double user = 0, nice = 0, system = 0, interrupts = 0, soft = 0;
    if (fscanf(file, "cpu %lf %lf %lf %*f %*f %lf %lf", &user, &nice, &system, &interrupts, &soft) != 5) user = 0;
    fclose(file);
    return (user + nice + system + interrupts + soft) / double(sysconf(_SC_CLK_TCK));
}

/// The processes whose CPU time counts. 0 is none.
struct Processes {
    /// All nodes, where there are several.
    std::vector<pid_t> servers;
    /// The database's first process, and what carries events between nodes beside it.
    pid_t database, bus = 0;
};

/// The same of several processes together.
inline Memory memoryKB(const std::vector<pid_t> &pids) {
    Memory all;
    for (pid_t pid : pids) {
        Memory memory = memoryKB(pid);
        all.rss += memory.rss;
        all.pss += memory.pss;
        all.peak += memory.peak;
    }
    return all;
}

/// CPU time of an interval: the servers', their database's and bus's, this program's and everybody else's.
struct Books {
    Processes processes;
    double seconds = 0, serverCPU = 0, databaseCPU = 0, busCPU = 0, ownCPU = 0, busy = 0;

    explicit Books(const Processes &processes) : processes(processes) {
        seconds = double(nanoseconds()) / 1e9;
        for (pid_t server : processes.servers) serverCPU += processSeconds(server);
        databaseCPU = treeSeconds(processes.database);
        busCPU = processSeconds(processes.bus);
        ownCPU = processSeconds(getpid());
        busy = busySeconds();
    }

    /// From then until now.
    Books spent() const {
        Books now(processes);
        now.seconds -= seconds;
        now.serverCPU -= serverCPU;
        now.databaseCPU -= databaseCPU;
        now.busCPU -= busCPU;
        now.ownCPU -= ownCPU;
        now.busy -= busy;
        return now;
    }

    /// How many processors were busy with other programs. That makes rates doubtful, but not CPU figures.
    double othersLoad() const {
        double load = (busy - serverCPU - databaseCPU - busCPU - ownCPU) / seconds;
        return load > 0 ? load : 0;
    }
};

/// The one line on standard output.
class Line {
public:
    void add(const char *name, double value) {
        char number[40];
        snprintf(number, sizeof number, "%.6g", value);
        append(name, number);
    }

    void add(const char *name, uint64_t value) { append(name, std::to_string(value)); }

    void add(const char *name, const std::string &value) {
        std::string quoted = "\"";
        for (unsigned char character : value) {
            char escaped[8];
            if (character == '"' || character == '\\' || character < 32 || character > 126)
                snprintf(escaped, sizeof escaped, "\\u%04x", character);
            else
                snprintf(escaped, sizeof escaped, "%c", character);
            quoted += escaped;
        }
        append(name, quoted + "\"");
    }

    void print() { printf("{%s}\n", text.c_str()); }

private:
    void append(const char *name, const std::string &value) {
        text += (text.empty() ? "\"" : ",\"") + std::string(name) + "\":" + value;
    }

    std::string text;
};
