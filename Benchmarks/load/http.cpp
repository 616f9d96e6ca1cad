// One thread that keeps N HTTP/1.1 connections busy, one request under way on each, and checks every answer.
//
//     http --port P --paths FILE [--name value …]     prints one JSON line; exit code 3 if any answer was wrong
//
// Options are named where `main` reads them. bench/http.py is what the scenarios call.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <string_view>

#include "common.hpp"
#include "content.hpp"

namespace {

struct Settings {
    int port, connections, status;
    long requests, warmUp;
    double rate;
    std::string method;
    std::vector<std::string> paths, tokens, bodies;
    long uploadBytes;
    std::string uploadFile;
    bool isForm;
    std::string contains, sha256;
    bool isEchoed;
    long length;
    pid_t server, database;
};

std::vector<std::string> lines(const std::string &path) {
    std::vector<std::string> result;
    if (path.empty()) return result;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);)
        if (!line.empty()) result.push_back(line);
    if (result.empty()) fail("%s: no lines", path.c_str());
    return result;
}

struct Connection {
    int socket = -1;
    bool busy = false, wantsOutput = false;
    long number = 0;
    uint64_t begun = 0;
    // A request is its head, the content that all share, and its tail.
    std::string head, tail, uploadedSHA256;
    size_t sent = 0;
    // An answer is its head, then as many bytes as the head says. Only small bodies are kept.
    std::string received;
    long expected = -1, bodyBytes = 0;
    int status = 0;
    bool hashing = false, hasHashed = false, closes = false;
    SHA256 hash;
};

class Load {
public:
    explicit Load(const Settings &settings) : settings(settings) {
        if (!settings.uploadFile.empty()) content.emplace(readFile(settings.uploadFile));
        else if (settings.uploadBytes) content.emplace(plainBytes(settings.uploadBytes));
        poll = epoll_create1(EPOLL_CLOEXEC);
        connections.resize(size_t(settings.connections));
        for (size_t i = 0; i < connections.size(); i++) dial(connections[i], i);
        buffer.resize(1 << 20);
    }

    /// Sends `count` requests and waits for their answers.
    void run(long count, bool isCounted) {
        counting = isCounted;
        remaining = count;
        outstanding = 0;
        isPaced = isCounted && settings.rate > 0;
        nextDue = nanoseconds();
        if (!isPaced)
            for (auto &connection : connections) start(connection, nanoseconds());
        std::vector<epoll_event> events(connections.size());
        while (outstanding > 0 || remaining > 0) {
            int patience = isPaced ? startDue() : 120'000;
            int ready = epoll_wait(poll, events.data(), int(events.size()), patience);
            if (ready < 0 && errno == EINTR) continue;
            if (ready == 0 && patience == 120'000) fail("no answer for two minutes; %ld outstanding", outstanding);
            for (int i = 0; i < ready; i++) {
                epoll_event event = events[size_t(i)];
                Connection &connection = connections[event.data.u64];
                if (event.events & EPOLLOUT) send(connection);
                if (event.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) receive(connection);
            }
        }
    }

    /// False if any answer was wrong.
    bool report(const Books &spent, double workersCPU) {
        auto count = double(latencies.count());
        Line line;
        line.add("requests", latencies.count());
        line.add("errors", uint64_t(errors));
        line.add("seconds", spent.seconds);
        line.add("per_s", count / spent.seconds);
        line.add("per_cpu_s", spent.serverCPU > 0 ? count / spent.serverCPU : 0);
        line.add("server_cpu_us", spent.serverCPU / count * 1e6);
        line.add("database_cpu_us", spent.databaseCPU / count * 1e6);
        line.add("workers_cpu_us", workersCPU / count * 1e6);
        line.add("p50_us", latencies.percentile(0.5) / 1e3);
        line.add("p99_us", latencies.percentile(0.99) / 1e3);
        line.add("sent_bytes", uint64_t(sentBytes));
        line.add("received_bytes", uint64_t(receivedBytes));
        line.add("own_cpu_s", spent.ownCPU);
        line.add("others_load", spent.othersLoad());
        line.print();
        if (!settings.sha256.empty() && hashed == 0) fail("no answer was hashed");
        if (errors) fprintf(stderr, "%ld wrong answers; the first: %s\n", errors, firstError.c_str());
        return errors == 0;
    }

private:
    void dial(Connection &connection, size_t index) {
        connection.socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int on = 1;
        setsockopt(connection.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(uint16_t(settings.port));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (connect(connection.socket, (sockaddr *)&address, sizeof address))
            fail("127.0.0.1:%d: %s", settings.port, strerror(errno));
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.u64 = index;
        epoll_ctl(poll, EPOLL_CTL_ADD, connection.socket, &event);
        connection.wantsOutput = false;
    }

    void redial(Connection &connection) {
        close(connection.socket);
        dial(connection, size_t(&connection - connections.data()));
    }

    void watchOutput(Connection &connection, bool wanted) {
        if (connection.wantsOutput == wanted) return;
        connection.wantsOutput = wanted;
        epoll_event event{};
        event.events = EPOLLIN | (wanted ? EPOLLOUT : 0u);
        event.data.u64 = uint64_t(&connection - connections.data());
        epoll_ctl(poll, EPOLL_CTL_MOD, connection.socket, &event);
    }

    // MARK: A request

    /// At a fixed rate: sends what is due, as far as there are idle connections. Returns how many milliseconds later more is.
    int startDue() {
        uint64_t now = nanoseconds();
        for (auto &connection : connections) {
            if (remaining == 0) break;
            if (nextDue > now) return int((nextDue - now) / 1'000'000) + 1;
            if (connection.busy) continue;
            start(connection, nextDue);
            nextDue += uint64_t(1e9 / settings.rate);
        }
        return 120'000;
    }

    /// - due: when the request should be sent. What it waits for a connection is part of its time.
    void start(Connection &connection, uint64_t due) {
        if (remaining == 0) return;
        remaining--;
        outstanding++;
        connection.number = next++;
        prepare(connection);
        connection.sent = 0;
        connection.received.clear();
        connection.expected = -1;
        connection.bodyBytes = 0;
        connection.hashing = false;
        connection.busy = true;
        connection.begun = due;
        send(connection);
    }

    void prepare(Connection &connection) {
        auto turn = size_t(connection.number);
        std::string path = settings.paths[turn % settings.paths.size()];
        if (auto place = path.find("{n}"); place != std::string::npos)
            path.replace(place, 3, content ? content->ending(connection.number) : std::to_string(connection.number));
        std::string &head = connection.head;
        head = settings.method + " " + path + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(settings.port) + "\r\n";
        if (!settings.tokens.empty())
            head += "Authorization: Bearer " + settings.tokens[turn % settings.tokens.size()] + "\r\n";
        connection.tail.clear();
        if (content) {
            std::string ending = content->ending(connection.number), before;
            if (settings.isEchoed) connection.uploadedSHA256 = content->sha256(ending);
            connection.tail = ending;
            if (settings.isForm) {
                head += "Content-Type: multipart/form-data; boundary=parley-bench-boundary\r\n";
                before = "--parley-bench-boundary\r\n"
                         "Content-Disposition: form-data; name=\"file\"; filename=\"load.bin\"\r\n"
                         "Content-Type: application/octet-stream\r\n\r\n";
                connection.tail += "\r\n--parley-bench-boundary--\r\n";
            }
            size_t length = before.size() + content->common().size() + connection.tail.size();
            head += "Content-Length: " + std::to_string(length) + "\r\n\r\n" + before;
        } else if (!settings.bodies.empty()) {
            const std::string &body = settings.bodies[turn % settings.bodies.size()];
            head += "Content-Type: application/json\r\n"
                    "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
        } else {
            head += "\r\n";
        }
    }

    void send(Connection &connection) {
        std::string_view middle = content ? std::string_view(content->common()) : std::string_view();
        std::string_view parts[] = {connection.head, middle, connection.tail};
        while (true) {
            iovec pieces[3];
            size_t count = 0, skip = connection.sent;
            for (auto part : parts) {
                if (skip >= part.size()) { skip -= part.size(); continue; }
                pieces[count++] = {const_cast<char *>(part.data()) + skip, part.size() - skip};
                skip = 0;
            }
            if (count == 0) return watchOutput(connection, false);
            msghdr message{};
            message.msg_iov = pieces;
            message.msg_iovlen = count;
            ssize_t written = sendmsg(connection.socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
            if (written < 0) {
                if (errno == EAGAIN) return watchOutput(connection, true);
                // An early refusal may still be readable.
                watchOutput(connection, false);
                return;
            }
            connection.sent += size_t(written);
            if (counting) sentBytes += written;
        }
    }

    // MARK: An answer

    void receive(Connection &connection) {
        while (connection.busy) {
            ssize_t count = recv(connection.socket, buffer.data(), buffer.size(), MSG_DONTWAIT);
            if (count < 0 && errno == EAGAIN) return;
            if (count <= 0) {
                finish(connection, "the connection was closed");
                return;
            }
            if (counting) receivedBytes += count;
            take(connection, std::string_view(buffer.data(), size_t(count)));
        }
        // Closed between two requests.
        if (recv(connection.socket, buffer.data(), 1, MSG_DONTWAIT | MSG_PEEK) == 0) redial(connection);
    }

    void take(Connection &connection, std::string_view bytes) {
        if (connection.expected < 0) {
            connection.received += bytes;
            size_t end = connection.received.find("\r\n\r\n");
            if (end == std::string::npos) return;
            std::string body = connection.received.substr(end + 4);
            connection.received.resize(end + 2);
            if (!readHead(connection)) return finish(connection, "an answer without Content-Length");
            connection.hashing = !settings.sha256.empty() && !connection.hasHashed;
            if (connection.hashing) connection.hash = SHA256();
            connection.received.clear();
            takeBody(connection, body);
        } else {
            takeBody(connection, bytes);
        }
    }

    void takeBody(Connection &connection, std::string_view bytes) {
        connection.bodyBytes += long(bytes.size());
        if (connection.hashing) connection.hash.update(bytes);
        bool isKept = !settings.contains.empty() || settings.isEchoed || connection.status != settings.status;
        if (isKept && connection.received.size() < (4 << 20)) connection.received += bytes;
        if (connection.bodyBytes >= connection.expected) finish(connection, verdict(connection));
    }

    /// Status and length; false where the answer does not say its length.
    bool readHead(Connection &connection) {
        std::string head = connection.received;
        if (head.size() < 12) return false;
        connection.status = atoi(head.c_str() + 9);
        std::transform(head.begin(), head.end(), head.begin(), [](unsigned char c) { return tolower(c); });
        connection.closes = head.find("\r\nconnection: close") != std::string::npos;
        size_t field = head.find("\r\ncontent-length:");
        if (field != std::string::npos) connection.expected = atol(head.c_str() + field + 17);
        else if (connection.status == 204 || connection.status == 304) connection.expected = 0;
        return connection.expected >= 0;
    }

    /// What is wrong with a complete answer; empty if nothing is.
    std::string verdict(Connection &connection) {
        const std::string &body = connection.received;
        if (connection.status != settings.status)
            return "status " + std::to_string(connection.status) + ": " + body.substr(0, 300);
        if (connection.bodyBytes != connection.expected) return "more bytes than Content-Length";
        if (settings.length > 0 && connection.bodyBytes != settings.length)
            return "length " + std::to_string(connection.bodyBytes);
        if (!settings.contains.empty() && body.find(settings.contains) == std::string::npos)
            return "without \"" + settings.contains + "\": " + body.substr(0, 300);
        if (settings.isEchoed && body.find(connection.uploadedSHA256) == std::string::npos)
            return "not the SHA-256 of what was sent: " + body.substr(0, 300);
        if (connection.hashing) {
            connection.hasHashed = true;
            hashed++;
            if (connection.hash.hex() != settings.sha256) return "another SHA-256: " + connection.hash.hex();
        }
        return "";
    }

    void finish(Connection &connection, const std::string &error) {
        connection.busy = false;
        outstanding--;
        if (counting) latencies.add(nanoseconds() - connection.begun);
        bool isWhole = connection.expected >= 0 && connection.bodyBytes >= connection.expected;
        if (!error.empty()) {
            errors++;
            if (firstError.empty()) firstError = error;
            if (errors > 100) fail("more than 100 errors; the first: %s", firstError.c_str());
        }
        if (!error.empty() || connection.closes || !isWhole) redial(connection);
        connection.closes = false;
        if (!isPaced) start(connection, nanoseconds());
    }

    const Settings &settings;
    std::optional<Content> content;
    bool counting = false, isPaced = false;
    uint64_t nextDue = 0;
    int poll = -1;
    std::vector<Connection> connections;
    std::vector<char> buffer;
    long next = 0, remaining = 0, outstanding = 0, errors = 0, hashed = 0;
    long long sentBytes = 0, receivedBytes = 0;
    Histogram latencies;  // in nanoseconds
    std::string firstError;
};

}  // namespace

int main(int count, char **arguments) {
    Options options(count, arguments);
    Settings settings{
        .port = int(options.number("port", 0)),
        .connections = int(options.number("connections", 8)),
        .status = int(options.number("status", 200)),  // every answer's
        .requests = long(options.number("requests", 1000)),
        .warmUp = long(options.number("warm-up", 8)),  // requests before, which are checked but not counted
        .rate = options.number("rate", 0),  // requests a second; 0: whenever a connection is idle
        .method = options.text("method", "GET"),
        // One path a line, used in turn. {n} in a path becomes a number that no other request has.
        .paths = lines(options.text("paths")),
        .tokens = lines(options.text("tokens")),
        .bodies = lines(options.text("bodies")),
        // The upload: so many bytes, or those of a file; as the request's body, or as a file of a form.
        .uploadBytes = long(options.number("upload-bytes", 0)),
        .uploadFile = options.text("upload-file"),
        .isForm = options.text("upload-as", "body") == "form",
        // What is looked at in an answer, where it is given: some text in it; the SHA-256 of the body, for the first
        // answer on each connection; that it names the SHA-256 of what was uploaded; its length in bytes.
        .contains = options.text("contains"),
        .sha256 = options.text("sha256"),
        .isEchoed = options.number("echoes-sha256", 0) > 0,
        .length = long(options.number("length", 0)),
        .server = pid_t(options.number("server", 0)),  // process ids, for the account
        .database = pid_t(options.number("database", 0)),
    };
    options.finish();
    if (settings.port == 0 || settings.paths.empty() || settings.requests < 1)
        fail("--port, --paths and --requests are needed");
    raiseFileLimit();
    Load load(settings);
    load.run(settings.warmUp, false);
    double treeBefore = treeSeconds(settings.server);
    Books books(Processes{{settings.server}, settings.database});
    load.run(settings.requests, true);
    Books spent = books.spent();
    // Workers: what the server has started beside its database. Less than two of the kernel's ticks count as none.
    double workersCPU = treeSeconds(settings.server) - treeBefore - spent.serverCPU - spent.databaseCPU;
    return load.report(spent, workersCPU < 0.02 ? 0 : workersCPU) ? 0 : 3;
}
