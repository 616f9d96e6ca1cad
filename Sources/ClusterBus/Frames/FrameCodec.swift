internal import ChatModel
package import Crypto
internal import Foundation
package import NIOCore

/// Frames as text. Any role of the database may notify, and a Redis may be shared, so each frame is signed with a key that
/// only nodes with the same secret and the same database have. New kinds of events need no new version; a frame of a new
/// version would have to wait until every node reads it.
///
///     1 byte     the version, "1"
///     52 letters path, node, epoch, counter, timeline, moment
///     24 letters the first 18 bytes of HMAC-SHA256 of all else
///     then       events: kind (1 letter), 44 letters (conversation, revision, seq, length of the payload), payload;
///                or on the path of hints, 32 letters each (conversation, revision)
package struct FrameCodec: Sendable {
    private let keys: [SymmetricKey]

    /// - Parameters:
    ///   - secrets: The server's: the one that it signs with first, then others that are accepted.
    ///   - scope: Which cluster and database. Two databases with one secret do not hear each other.
    package init(secrets: [SymmetricKey], scope: String) {
        precondition(!secrets.isEmpty, "a frame needs a secret")
        keys = secrets.map {
            HKDF<SHA256>.deriveKey(
                inputKeyMaterial: $0, salt: Data(scope.utf8), info: Data("parley bus".utf8), outputByteCount: 32)
        }
    }

    private static let version = UInt8(ascii: "1")
    private static let headBytes = 39
    private static let signatureBytes = 18
    private static let eventBytes = 33
    private static let hintBytes = 24

    /// Bytes of a frame without events.
    package static let overhead = 1 + 52 + 24
    /// The largest frame that is read.
    package static let maxFrame = 1 << 20

    /// Bytes that an event takes in a frame.
    package static func size(of event: BusEvent) -> Int { 1 + 44 + event.payload.readableBytes }

    // MARK: Writing

    package func encode(_ frame: BusFrame) -> ByteBuffer {
        let body = Self.body(of: frame)
        var head = ByteBuffer()
        head.reserveCapacity(Self.overhead + body.readableBytes)
        head.writeInteger(Self.version)
        Self.write(frame.head, to: &head)
        return seal(head, body)
    }

    private static func body(of frame: BusFrame) -> ByteBuffer {
        var body = ByteBuffer()
        switch frame.body {
        case .events(let events):
            body.reserveCapacity(events.reduce(0) { $0 + size(of: $1) })
            for event in events { write(event, to: &body) }
        case .hints(let hints):
            body.reserveCapacity(hints.count * 32)
            for hint in hints {
                FixedFieldsWriter.write(hintBytes, to: &body) { fields in
                    fields.uuid(hint.conversation.uuid)
                    fields.number(UInt64(hint.revision), bytes: 8)
                }
            }
        }
        return body
    }

    /// Joins the two with their signature.
    func seal(_ head: ByteBuffer, _ body: ByteBuffer) -> ByteBuffer {
        var text = head
        let signature = Self.sign(head.readableBytesView, body.readableBytesView, keys[0])
        signature.withUnsafeBytes {
            Base64Text.write(UnsafeRawBufferPointer(rebasing: $0[..<Self.signatureBytes]), to: &text)
        }
        text.writeImmutableBuffer(body)
        return text
    }

    private static func write(_ head: BusFrame.Head, to text: inout ByteBuffer) {
        FixedFieldsWriter.write(headBytes, to: &text) { fields in
            fields.number(UInt64(head.path.rawValue), bytes: 1)
            fields.number(UInt64(head.node.number), bytes: 2)
            fields.uuid(head.node.epoch)
            fields.number(head.counter, bytes: 8)
            fields.number(UInt64(head.timeline), bytes: 4)
            fields.number(UInt64(bitPattern: head.sentAt), bytes: 8)
        }
    }

    private static func write(_ event: BusEvent, to text: inout ByteBuffer) {
        text.writeInteger(event.kind.rawValue)
        FixedFieldsWriter.write(eventBytes, to: &text) { fields in
            fields.uuid(event.conversation.uuid)
            fields.number(UInt64(event.revision), bytes: 8)
            fields.number(UInt64(event.seq), bytes: 6)
            fields.number(UInt64(event.payload.readableBytes), bytes: 3)
        }
        text.writeImmutableBuffer(event.payload)
    }

    private static func sign(_ head: ByteBufferView, _ body: ByteBufferView, _ key: SymmetricKey) -> HMAC<SHA256>.MAC {
        var signing = HMAC<SHA256>(key: key)
        head.withUnsafeBytes { signing.update(data: $0) }
        body.withUnsafeBytes { signing.update(data: $0) }
        return signing.finalize()
    }

    // MARK: Reading

    package func decode(_ text: ByteBuffer) throws(FrameError) -> BusFrame {
        var text = text
        guard text.readableBytes <= Self.maxFrame else { throw .tooLarge }
        let signed = text.readableBytesView.prefix(1 + 52)
        guard text.readInteger(as: UInt8.self) == Self.version else { throw .unknownVersion }
        guard text.readableBytes >= Self.overhead - 1, let head = Self.readHead(&text) else { throw .wrongSignature }
        guard let signature = Self.readSignature(&text) else { throw .wrongSignature }
        let body = text.readableBytesView
        guard keys.contains(where: { Self.isSame(Self.sign(signed, body, $0), signature) }) else {
            throw .wrongSignature
        }
        return try Self.read(head, text)
    }

    /// Reads what is signed, of which no signature says that it is a frame.
    private static func read(_ head: BusFrame.Head?, _ body: ByteBuffer) throws(FrameError) -> BusFrame {
        var body = body
        guard let head, let events = head.path == .hints ? readHints(&body) : readEvents(&body) else {
            throw .malformed
        }
        return BusFrame(head: head, body: events)
    }

    /// Reads a frame without its signature. For the fuzzer, which would never find one.
    static func decodeVerified(_ text: ByteBuffer) throws(FrameError) -> BusFrame {
        var text = text
        guard let head = readHead(&text) else { throw .malformed }
        return try read(head, text)
    }

    /// The other way round.
    static func encodeUnsigned(_ frame: BusFrame) -> ByteBuffer {
        var text = ByteBuffer()
        write(frame.head, to: &text)
        text.writeImmutableBuffer(body(of: frame))
        return text
    }

    /// - Returns: Nil if it is not text of ours, nil inside if it says what cannot be.
    private static func readHead(_ text: inout ByteBuffer) -> BusFrame.Head?? {
        FixedFieldsReader.read(headBytes, from: &text) { fields -> BusFrame.Head?? in
            let path = BusFrame.Path(rawValue: UInt8(truncatingIfNeeded: fields.number(bytes: 1)))
            let node = NodeIdentity(
                number: UInt16(truncatingIfNeeded: fields.number(bytes: 2)), epoch: fields.uuid())
            let counter = fields.number(bytes: 8)
            let timeline = UInt32(truncatingIfNeeded: fields.number(bytes: 4))
            let sentAt = Int64(bitPattern: fields.number(bytes: 8))
            guard let path else { return .some(nil) }
            return BusFrame.Head(node: node, path: path, counter: counter, timeline: timeline, sentAt: sentAt)
        }
    }

    private static func readSignature(_ text: inout ByteBuffer) -> [UInt8]? {
        FixedFieldsReader.read(signatureBytes, from: &text) { fields in
            (0..<signatureBytes).map { _ in UInt8(truncatingIfNeeded: fields.number(bytes: 1)) }
        }
    }

    /// Takes the same time wherever they differ.
    private static func isSame(_ code: HMAC<SHA256>.MAC, _ signature: [UInt8]) -> Bool {
        zip(code, signature).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private static func readEvents(_ text: inout ByteBuffer) -> BusFrame.Body? {
        var events: [BusEvent] = []
        while let kind = text.readInteger(as: UInt8.self) {
            guard let (event, length) = readEvent(BusEvent.Kind(rawValue: kind), &text),
                let payload = text.readSlice(length: length)
            else { return nil }
            events.append(event)
            events[events.count - 1].payload = payload
        }
        return .events(events)
    }

    private static func readEvent(_ kind: BusEvent.Kind, _ text: inout ByteBuffer) -> (BusEvent, length: Int)? {
        FixedFieldsReader.read(eventBytes, from: &text) { fields in
            let conversation = ConversationID(fields.uuid())
            guard let revision = fields.count(bytes: 8), let seq = fields.count(bytes: 6),
                let length = fields.count(bytes: 3)
            else { return nil }
            return (BusEvent(kind, conversation, revision: revision, seq: seq), length)
        }
    }

    private static func readHints(_ text: inout ByteBuffer) -> BusFrame.Body? {
        var hints: [BusHint] = []
        while text.readableBytes > 0 {
            let hint = FixedFieldsReader.read(hintBytes, from: &text) { fields in
                let conversation = ConversationID(fields.uuid())
                return fields.count(bytes: 8).map { BusHint(conversation, $0) }
            }
            guard let hint else { return nil }
            hints.append(hint)
        }
        return .hints(hints)
    }
}
