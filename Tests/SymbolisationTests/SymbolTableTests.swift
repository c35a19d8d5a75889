// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Symbolisation

@Suite struct SymbolTableTests {
    private func entry(_ start: UInt64, _ end: UInt64, hasSize: Bool = true, rank: UInt8 = 0, name: UInt32)
        -> SymbolTable.Entry
    {
        SymbolTable.Entry(
            start: start, end: end, hasSize: hasSize, rank: rank,
            name: SymbolTable.Name(section: 0, offset: name))
    }

    private func name(_ table: SymbolTable, at address: UInt64) -> UInt32? {
        table.index(containing: address).map { table[$0].name.offset }
    }

    @Test func sizesAreRespected() {
        let table = SymbolTable([entry(0x20, 0x28, name: 2), entry(0x10, 0x18, name: 1)]) { _, _ in false }
        #expect(
            [0x0f, 0x10, 0x17, 0x18, 0x1f, 0x20, 0x27, 0x28].map { name(table, at: $0) } == [
                nil, 1, 1, nil, nil, 2, 2, nil,
            ])
    }

    /// Assembly code has symbols without a size: they go on to the next, or to the end of the section.
    @Test func withoutASize() {
        let table = SymbolTable([
            entry(0x10, 0x40, hasSize: false, name: 1), entry(0x20, 0x40, hasSize: false, name: 2),
        ]) { _, _ in false }
        #expect([0x1f, 0x20, 0x3f, 0x40].map { name(table, at: $0) } == [1, 2, 2, nil])
    }

    @Test func theInnermostIsFound() {
        let table = SymbolTable([
            entry(0x10, 0x80, name: 1), entry(0x20, 0x28, name: 2), entry(0x30, 0x38, name: 3),
        ]) {
            _, _ in false
        }
        #expect(
            [0x1f, 0x20, 0x28, 0x35, 0x40, 0x7f, 0x80].map { name(table, at: $0) } == [1, 2, 1, 3, 1, 1, nil])
    }

    @Test func theHighestRankOfAnAddressWins() {
        let table = SymbolTable([
            entry(0x10, 0x18, rank: 1, name: 1), entry(0x10, 0x18, rank: 3, name: 2),
            entry(0x10, 0x18, rank: 2, name: 3),
        ]) { _, _ in false }
        #expect(name(table, at: 0x10) == 2)
    }

    @Test func theBetterNameOfARankWins() {
        let table = SymbolTable([entry(0x10, 0x18, name: 5), entry(0x10, 0x18, name: 4)]) {
            $0.offset < $1.offset
        }
        #expect(name(table, at: 0x10) == 4)
    }

    @Test func emptyTables() {
        #expect(SymbolTable([]) { _, _ in false }.index(containing: 0) == nil)
    }
}
