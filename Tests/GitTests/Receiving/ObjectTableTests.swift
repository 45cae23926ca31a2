import Testing

@testable import Git

@Suite struct ObjectTableTests {
    @Test func eachObjectHasOneRecordHoweverManyThereAre() throws {
        let table = ObjectTable(expected: 10)
        // Names that differ in one byte only, anywhere.
        var names: [ObjectID] = []
        for place in 0..<20 {
            for value in 0..<250 {
                var bytes = [UInt8](repeating: 7, count: 20)
                bytes[place] = UInt8(value)
                names.append(bytes.withUnsafeBytes { ObjectID($0, at: 0) })
            }
        }
        for id in names { table.use(table.index(of: id), as: .blob) }
        #expect(table.records.count == Set(names).count)
        for id in names {
            let index = try #require(table.find(id))
            #expect(table.records[index].id == id)
            #expect(table.index(of: id) == index)
        }
        #expect(table.find(.zero) == nil)
        let index = table.index(of: names[0])
        table.use(index, as: .tree)
        table.place(index, entry: 5, kind: .tree)
        #expect(table.records[index].uses == [.blob, .tree])
        #expect(table.records[index].entry == 5)
    }
}
