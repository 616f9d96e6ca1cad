/// What a timeline is told.
extension Timeline {
    /// One change, and what has to be done about it when its turn comes.
    package struct Event: Sendable {
        package enum Kind: Sendable, Equatable {
            /// A new message at this position.
            case message(seq: Int)
            /// A message that was there before has changed.
            case messageChange
            /// Members, roles, the title. A snapshot does not tell of it, so it is never skipped.
            case other
        }

        package var revision: Int
        package var kind: Kind
        package var payload: Payload
        /// Takes in whoever became a member by it, and tells them the whole state. Where a snapshot includes the change, it
        /// tells them, and of its own moment.
        package var arrival: Payload?

        package init(revision: Int, kind: Kind, payload: Payload, arrival: Payload? = nil) {
            self.revision = revision
            self.kind = kind
            self.payload = payload
            self.arrival = arrival
        }
    }

    /// The conversation at one moment, as one statement read it.
    package struct Snapshot: Sendable {
        package struct Message: Sendable {
            package var seq: Int
            package var revision: Int
            /// What is delivered to those who have not seen the message, and to those who have.
            package var whenNew: Payload
            package var whenChanged: Payload

            package init(seq: Int, revision: Int, whenNew: Payload, whenChanged: Payload) {
                self.seq = seq
                self.revision = revision
                self.whenNew = whenNew
                self.whenChanged = whenChanged
            }
        }

        package var revision: Int
        package var lastSeq: Int
        /// Takes those out of the room who are not members any more.
        package var departures: Payload
        /// Takes those in who are members and not there yet: they are told the whole state.
        package var arrivals: Payload
        /// In place of all else where the state was not known: tells it to every member's connections, and takes them in.
        package var beginning: Payload
        /// Tells what else may have changed: the title, the roles. Nil where every revision is a message's.
        package var others: Payload?
        /// The revision that `others` tells. It may have been read after the rest.
        package var othersRevision: Int
        /// Those that are new or changed past the revision from which on they were read.
        package var messages: [Message]

        package init(
            revision: Int, lastSeq: Int, departures: Payload, arrivals: Payload, beginning: Payload, others: Payload?,
            othersRevision: Int = 0, messages: [Message]
        ) {
            self.revision = revision
            self.lastSeq = lastSeq
            self.departures = departures
            self.arrivals = arrivals
            self.beginning = beginning
            self.others = others
            self.othersRevision = othersRevision
            self.messages = messages
        }
    }
}
