import Testing

@testable import ParleyServer

struct DoctorTests {
    @Test func `few open files are named`() {
        #expect(Doctor.descriptors(Descriptors(limit: 131_072)).severity == .fine)
        #expect(Doctor.descriptors(Descriptors(limit: 1_024)).severity == .warning)
    }
}
