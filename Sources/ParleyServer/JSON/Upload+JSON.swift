import ChatModel

extension Upload: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", id)
            json.field("ownerId", ownerId)
            json.field("name", name)
            json.field("type", type)
            json.field("size", size)
            json.field("sha256", sha256)
            json.field("kind", kind.rawValue)
            json.field("width", width)
            json.field("height", height)
            json.field("duration", duration)
            json.field("blurhash", blurhash)
            if let waveform { json.field("waveform", waveform) { $0.integer(Int($1)) } }
            json.field("url", url)
            json.field("thumbnails", thumbnails)
            json.field("createdAt", createdAt)
            json.field("alt", alt)
            if let isCleaned { json.field("cleaned", isCleaned) }
            if isOwnerOnly { json.field("visibility", "owner") }
        }
    }
}

extension Upload.Thumbnail: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("size", size)
            json.field("width", width)
            json.field("height", height)
            json.field("url", url)
        }
    }
}
