import ChatModel
import NIOCore

/// A value that goes over the wire. This is the only place where its fields are named.
protocol JSONWritable: Sendable {
    /// Writes one JSON value.
    func write(to json: inout JSONWriter)
}

extension JSONWritable {
    var json: ByteBuffer { ByteBuffer(bytes: written) }

    /// How many bytes `json` has.
    var jsonSize: Int { written.count }

    private var written: [UInt8] {
        var writer = JSONWriter()
        write(to: &writer)
        return writer.bytes
    }
}

extension ID: JSONWritable {
    func write(to json: inout JSONWriter) { json.id(self) }
}

extension JSONWriter {
    mutating func field<Entity>(_ name: StaticString, _ id: ID<Entity>) {
        self.name(name)
        self.id(id)
    }

    mutating func field<Entity>(_ name: StaticString, _ id: ID<Entity>?) {
        if let id { field(name, id) }
    }

    mutating func field(_ name: StaticString, _ value: some JSONWritable) {
        self.name(name)
        value.write(to: &self)
    }

    mutating func field(_ name: StaticString, _ values: [some JSONWritable]) {
        field(name, values) { json, value in value.write(to: &json) }
    }
}
