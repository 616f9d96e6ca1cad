import SocketIO

extension JSONFragment {
    init(writing value: some JSONWritable) { self.init(json: value.json) }
}
