import Synchronization

/// Collects what callbacks say, from any thread.
package final class Recorder<Element: Sendable>: Sendable {
    private let values = Mutex<[Element]>([])

    package init() {}

    package func append(_ element: Element) { values.withLock { $0.append(element) } }

    package var all: [Element] { values.withLock { $0 } }
    package var last: Element? { all.last }
}
