// Load on a chat server over WebSocket: connects many people, lets some of them send, checks that everybody gets every
// message exactly once and in order, and prints one JSON line. See the options in `main`.
#include <sys/prctl.h>

#include <fstream>
#include <random>

#include "clients.hpp"
#include "ledger.hpp"

static constexpr uint64_t second = 1'000'000'000;

struct Settings {
    uint32_t senders, window, concurrency;
    double rate, warmUp, duration, settle, drain;
    uint64_t nap;
    bool confirm, reconnect, tls;
    Processes processes;
};

/// A sender and its messages in flight. A message is done when it is acknowledged and every receiver has it.
struct Sender {
    struct Flight {
        uint32_t number = 0, waiting = 0;
        bool acknowledged = true;
        /// When the message was sent or, at a fixed rate, was due.
        uint64_t due = 0;

        bool done() const { return acknowledged && !waiting; }
    };

    uint32_t client, position;
    uint32_t next = 0;
    std::vector<Flight> flights;

    Flight &flight(uint32_t number) { return flights[number % flights.size()]; }
};

class Run : Clients::Listener {
public:
    Run(const Settings &settings, const Dialect &dialect, const std::vector<int> &ports, const std::vector<Person> &people)
        : settings(settings), dialect(dialect), clients(dialect, ports, settings.tls, people, *this), members(people.size()) {
        chooseSenders();
    }

    /// Returns whether everything was delivered exactly once and in order.
    bool perform() {
        Line line;
        connect(line);
        if (!senders.empty()) converse(line);
        line.print();
        return !violations;
    }

private:
    struct Member {
        uint32_t room = 0;
        /// Index in `senders`, or -1.
        int sender = -1;
        std::vector<Stream> streams;
        Sequence sequence;
    };

    /// The first member of every room in turn, then the second of every room …
    void chooseSenders() {
        std::map<std::string, uint32_t> numbers;
        for (uint32_t i = 0; i < clients.size(); i++) {
            members[i].room = numbers.emplace(clients.person(i).room, numbers.size()).first->second;
            if (members[i].room == rooms.size()) rooms.emplace_back();
            rooms[members[i].room].push_back(i);
        }
        for (uint32_t position = 0; senders.size() < settings.senders; position++) {
            size_t before = senders.size();
            for (auto &room : rooms)
                if (position < room.size() && senders.size() < settings.senders) {
                    members[room[position]].sender = int(senders.size());
                    members[room[position]].sequence = Sequence(true);
                    senders.push_back({room[position], position, 0, std::vector<Sender::Flight>(settings.window)});
                }
            if (senders.size() == before) fail("fewer people than senders");
        }
        for (auto &sender : senders)
            for (uint32_t member : rooms[members[sender.client].room]) members[member].streams.resize(sender.position + 1);
    }

    // Connecting

    void connect(Line &line) {
        if (settings.reconnect) {
            connectAll(settings.concurrency);
            changeServer();
        }
        Memory before = memoryKB(settings.processes.servers);
        Books books(settings.processes);
        connectAll(settings.reconnect ? clients.size() : settings.concurrency);
        Books spent = books.spent();
        keepFor(settings.settle);
        Memory after = memoryKB(settings.processes.servers);
        double count = clients.size();
        line.add("connections", uint64_t(clients.size()));
        line.add("connects_per_s", count / spent.seconds);
        line.add("connected_ms", spent.seconds * 1e3);
        line.add("connect_server_us", spent.serverCPU / count * 1e6);
        line.add("connect_database_us", spent.databaseCPU / count * 1e6);
        line.add("connect_p50_ms", connectTimes.percentile(0.5) / 1e6);
        line.add("connect_p99_ms", connectTimes.percentile(0.99) / 1e6);
        line.add("connection_rss_kb", (after.rss - before.rss) / count);
        line.add("connection_pss_kb", (after.pss - before.pss) / count);
        line.add("server_rss_kb", after.rss);
        line.add("server_peak_kb", after.peak);
        if (senders.empty()) line.add("others_load", spent.othersLoad());
    }

    void connectAll(uint32_t concurrency) {
        uint64_t deadline = nanoseconds() + 300 * second;
        while (clients.readyCount() < clients.size()) {
            clients.connectMore(concurrency);
            clients.poll(second / 10);
            if (nanoseconds() > deadline) fail("only %u of %u could connect", clients.readyCount(), clients.size());
        }
    }

    /// Says that everybody is connected, and learns on standard input which server has taken the place of this one:
    /// `PORT SERVER DATABASE`, the latter two as process ids.
    void changeServer() {
        puts("connected");
        fflush(stdout);
        int port, server, database;
        if (scanf("%d %d %d", &port, &server, &database) != 3) fail("no other server was named");
        clients.reconnect(port, nanoseconds() + 30 * second);
        settings.processes = {{server}, database};
        connectTimes = Histogram();
        otherFrames = 0;
    }

    void keepFor(double seconds) {
        for (uint64_t end = nanoseconds() + uint64_t(seconds * second); nanoseconds() < end;) pollUntil(end);
    }

    // Sending

    void converse(Line &line) {
        sending = true;
        if (settings.rate > 0) nextDue = nanoseconds();
        for (auto &sender : senders) sendMore(sender);
        keepFor(settings.warmUp);
        measuring = true;
        Books books(settings.processes);
        keepFor(settings.duration);
        Books spent = books.spent();
        measuring = sending = false;
        for (uint64_t end = nanoseconds() + uint64_t(settings.drain * second); unfinished && nanoseconds() < end;)
            pollUntil(end);
        report(line, spent);
    }

    void pollUntil(uint64_t end) {
        if (settings.nap) {
            timespec nap = {0, long(settings.nap)};
            nanosleep(&nap, nullptr);
        }
        uint64_t now = nanoseconds();
        if (sending && settings.rate > 0) {
            for (; nextDue <= now; nextDue += uint64_t(second / settings.rate)) {
                Sender &sender = senders[turn++ % senders.size()];
                if (!sender.flight(sender.next).done()) fail("the server falls behind: %u are under way", settings.window);
                send(sender, nextDue);
            }
            end = std::min(end, nextDue);
        }
        clients.poll(settings.nap || end <= now ? 0 : std::min(end - now, second / 10));
    }

    void sendMore(Sender &sender) {
        if (!sending || settings.rate > 0) return;
        while (sender.flight(sender.next).done()) send(sender, nanoseconds());
    }

    void send(Sender &sender, uint64_t due) {
        uint32_t number = sender.next++;
        auto others = uint32_t(rooms[members[sender.client].room].size() - 1);
        sender.flight(number) = {number, others, !dialect.acknowledges(), due};
        unfinished++;
        sent++;
        text.clear();
        dialect.message(text, clients.person(sender.client).room, sender.client, number);
        clients.send(sender.client, text);
    }

    void finishIfDone(Sender &sender, const Sender::Flight &flight, uint64_t time) {
        if (!flight.done()) return;
        unfinished--;
        if (measuring) completions.add(time - flight.due);
        sendMore(sender);
    }

    // Receiving

    void ready(uint32_t, uint64_t connectTime) override { connectTimes.add(connectTime); }

    void received(uint32_t client, const Frame &frame, size_t bytes, uint64_t time) override {
        if (frame.kind == Frame::acknowledgement)
            acknowledged(members[client], frame, time);
        else if (frame.kind == Frame::delivery)
            delivered(members[client], frame, bytes, time);
        else
            otherFrames++;
    }

    void acknowledged(Member &member, const Frame &frame, uint64_t time) {
        Sender::Flight *flight = member.sender < 0 ? nullptr : &senders[size_t(member.sender)].flight(frame.number);
        if (!flight || flight->number != frame.number || flight->acknowledged) {
            strayAcknowledgements++;
            return;
        }
        if (frame.seq) member.sequence.acknowledged(frame.seq);
        flight->acknowledged = true;
        if (measuring) acknowledgements.add(time - flight->due);
        finishIfDone(senders[size_t(member.sender)], *flight, time);
    }

    void delivered(Member &member, const Frame &frame, size_t bytes, uint64_t time) {
        int index = frame.sender < members.size() ? members[frame.sender].sender : -1;
        if (index < 0 || members[frame.sender].room != member.room || member.sender == index) {
            misdirected++;
            return;
        }
        Sender &sender = senders[size_t(index)];
        switch (member.streams[sender.position].arrive(frame.senderNumber)) {
        case Stream::repeated: repeated++; return;
        case Stream::late: outOfOrder++; break;
        case Stream::early: case Stream::inOrder: break;
        }
        if (frame.seq) member.sequence.delivered(frame.seq);
        if (settings.confirm) confirm(uint32_t(&member - members.data()), frame.seq);
        Sender::Flight &flight = sender.flight(frame.senderNumber);
        if (flight.number != frame.senderNumber || !flight.waiting) {
            misdirected++;
            return;
        }
        flight.waiting--;
        if (measuring) {
            deliveries.add(time - flight.due);
            bool isElsewhere = clients.node(sender.client) != clients.node(uint32_t(&member - members.data()));
            (isElsewhere ? deliveriesElsewhere : deliveriesHere).add(time - flight.due);
            deliveredBytes += bytes;
        }
        finishIfDone(sender, flight, time);
    }

    /// As a client does that shows the conversation.
    void confirm(uint32_t client, uint64_t seq) {
        for (bool read : {false, true}) {
            text.clear();
            dialect.mark(text, clients.person(client).room, seq, read);
            clients.send(client, text);
        }
    }

    // The account

    void report(Line &line, const Books &spent) {
        uint64_t lost = 0, sequenceBreaks = 0;
        for (auto &member : members) {
            for (auto &sender : senders)
                if (members[sender.client].room == member.room && &members[sender.client] != &member)
                    lost += member.streams[sender.position].lost(sender.next);
            sequenceBreaks += member.sequence.count();
        }
        violations = lost + repeated + misdirected + outOfOrder + sequenceBreaks + strayAcknowledgements + unfinished;
        auto perUnit = [](double cpu, uint64_t count) { return count ? cpu / double(count) * 1e6 : 0; };
        uint64_t messages = completions.count();
        line.add("senders", uint64_t(senders.size()));
        line.add("seconds", spent.seconds);
        line.add("messages", messages);
        line.add("messages_per_s", double(messages) / spent.seconds);
        line.add("message_server_us", perUnit(spent.serverCPU, messages));
        line.add("message_database_us", perUnit(spent.databaseCPU, messages));
        line.add("message_bus_us", perUnit(spent.busCPU, messages));
        if (acknowledgements.count()) latencies(line, "ack", acknowledgements);
        if (deliveries.count()) {
            line.add("deliveries", deliveries.count());
            line.add("deliveries_per_s", double(deliveries.count()) / spent.seconds);
            line.add("delivery_server_us", perUnit(spent.serverCPU, deliveries.count()));
            line.add("frame_bytes", double(deliveredBytes) / double(deliveries.count()));
            latencies(line, "delivery", deliveries);
            latencies(line, "completion", completions);
            latencies(line, "delivery_here", deliveriesHere);
            latencies(line, "delivery_elsewhere", deliveriesElsewhere);
        }
        line.add("sent", sent);
        line.add("out_of_order", outOfOrder);
        line.add("lost", lost);
        line.add("repeated", repeated);
        line.add("misdirected", misdirected + strayAcknowledgements);
        line.add("sequence_breaks", sequenceBreaks);
        line.add("other_frames", otherFrames);
        line.add("load_tool_cpu", spent.ownCPU / spent.seconds);
        line.add("others_load", spent.othersLoad());
    }

    static void latencies(Line &line, const std::string &name, const Histogram &times) {
        line.add((name + "_p50_us").c_str(), times.percentile(0.5) / 1e3);
        line.add((name + "_p90_us").c_str(), times.percentile(0.9) / 1e3);
        line.add((name + "_p99_us").c_str(), times.percentile(0.99) / 1e3);
    }

    Settings settings;
    const Dialect &dialect;
    Clients clients;
    std::vector<Member> members;
    std::vector<std::vector<uint32_t>> rooms;
    std::vector<Sender> senders;
    bool sending = false, measuring = false;
    uint64_t nextDue = 0, turn = 0, sent = 0, unfinished = 0;
    uint64_t repeated = 0, misdirected = 0, outOfOrder = 0, strayAcknowledgements = 0, violations = 0;
    uint64_t otherFrames = 0, deliveredBytes = 0;
    Histogram connectTimes, acknowledgements, deliveries, completions;
    /// The deliveries to people at their sender's node, and to those at others.
    Histogram deliveriesHere, deliveriesElsewhere;
    std::string text;
};

/// `TOKEN ROOM` in each line.
static std::vector<Person> readPeople(const std::string &path) {
    std::ifstream file(path);
    std::vector<Person> people;
    for (Person person; file >> person.token >> person.room;) people.push_back(person);
    if (people.empty()) fail("--people %s: nobody is in it", path.c_str());
    return people;
}

int main(int count, char **arguments) {
    Options options(count, arguments);
    auto ports = options.numbers("port");  // of several nodes: PORT,PORT… that people connect to in turn
    std::string dialectName = options.text("dialect", "socketio");  // or json, raw
    auto people = readPeople(options.text("people"));               // each is one connection
    Settings settings{
        .senders = uint32_t(options.number("senders", 0)),  // 0: only connect and settle
        .window = uint32_t(options.number("window", 1)),    // messages in flight for each sender
        .concurrency = uint32_t(options.number("concurrency", 64)),
        .rate = options.number("rate", 0),  // messages a second of all senders; 0: whenever one is done
        .warmUp = options.number("warm-up", 1),
        .duration = options.number("duration", 5),
        .settle = options.number("settle", 0.5),
        .drain = options.number("drain", 20),
        // Microseconds of sleep before each poll: this program then takes less of the machine, latencies are coarser.
        .nap = uint64_t(options.number("nap", 0)) * 1000,
        .confirm = options.number("confirm", 0) > 0,  // everybody confirms what they get as delivered and read
        .reconnect = options.number("reconnect", 0) > 0,  // when the server is replaced, all at once; see changeServer
        .tls = options.number("tls", 0) > 0,
        // Process ids, for the account.
        .processes = {.servers = options.numbers("server"), .database = pid_t(options.number("database", 0)),
                      .bus = pid_t(options.number("bus", 0))},
    };
    auto textLength = size_t(options.number("text-length", 64));
    bool joinsMarks = options.number("joined-marks", 0) > 0;  // marks of many people come in one event
    options.finish();
    if (ports.empty()) fail("--port: not given");
    if (settings.window < 1) fail("--window: at least 1");
    raiseFileLimit();
    prctl(PR_SET_TIMERSLACK, 1);
    Dialect dialect(dialectName, std::random_device()(), textLength, joinsMarks);
    bool exact = Run(settings, dialect, ports, people).perform();
    if (!exact) fprintf(stderr, "not every message came exactly once and in order\n");
    return exact ? 0 : 3;
}
