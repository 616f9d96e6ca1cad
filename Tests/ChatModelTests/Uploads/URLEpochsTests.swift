import Foundation
import Testing

@testable import ChatModel

@Suite struct URLEpochsTests {
    @Test func anEarlierEpochIsGoodUntilTheNextOneBegins() {
        let moment = Date(timeIntervalSince1970: 10_000)
        let epochs = URLEpochs(current: 10_240, previous: 9_600)
        #expect(epochs.validity(of: 10_240, now: moment) == .max)
        #expect(epochs.validity(of: 9_600, now: moment) == 240)
        #expect(epochs.validity(of: 9_600, now: moment + 239.5) == 0, "good for less than a second more")
        #expect(epochs.validity(of: 9_600, now: moment + 240) == nil)
        #expect(epochs.validity(of: 9_599, now: moment) == nil, "it ended with the one before")
        #expect(URLEpochs(current: 0, previous: 0).validity(of: 0, now: moment) == .max)
    }
}
