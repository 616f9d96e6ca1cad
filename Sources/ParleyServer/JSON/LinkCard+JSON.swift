import ChatModel

extension LinkCard: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("url", url)
            json.field("title", title)
            if let description { json.field("description", description) }
            if let siteName { json.field("siteName", siteName) }
            if let picture { json.field("picture", picture) }
        }
    }
}

extension LinkCard.Picture: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("width", width)
            json.field("height", height)
            if let blurhash { json.field("blurhash", blurhash) }
            json.field("thumbnails", thumbnails)
        }
    }
}
