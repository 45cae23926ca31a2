import Foundation
import ServerTestSupport
import Testing

extension EndToEnd {
    /// What the operator is told of the disk.
    @Suite struct Disk {
        @Test(.timeLimit(.minutes(3)))
        func `berthd disk says of each app how much it has written, and to what`() async throws {
            let keeper = try await Project("disk-keeper", template: "node")
            try keeper.write("berth.yaml", "volumes: data\nrelease: dd if=/dev/urandom of=data/file bs=1M count=3\n")
            try await keeper.commitNode("one")
            try await keeper.deploy()
            let site = try await Project("disk-site", template: "static")
            try site.write("index.html", "live")
            try site.write("large.bin", Self.random(mebibytes: 5))
            try await site.commit("one")
            try await site.deploy()

            let disk = try await keeper.berthd.command("disk")
            #expect(disk.status == 0, "\(disk.errorText)")
            let rows = try Self.rows(disk.output)
            let kept = try #require(rows["admin/disk-keeper"], "\(disk.output)")
            let published = try #require(rows["admin/disk-site"], "\(disk.output)")
            #expect((3.0...3.2).contains(kept["volumes"] ?? 0), "\(kept)")
            for column in ["releases", "repository"] { #expect((0...0.5).contains(kept[column] ?? -1), "\(kept)") }
            #expect((5.0...5.5).contains(published["releases"] ?? 0), "\(published)")
            #expect((5.0...5.5).contains(published["repository"] ?? 0), "\(published)")
            #expect(published["volumes"] == 0 && published["packages"] == 0, "\(published)")
            for row in [kept, published] {
                let parts = row.filter { $0.key != "together" }.values.reduce(0, +)
                // Each is rounded by itself.
                #expect(abs(parts - (row["together"] ?? 0)) < 0.5, "\(row)")
            }
        }

        @Test(.timeLimit(.minutes(5)))
        func `a user whose apps take more than they may deploys nothing until they take less`() async throws {
            let berthd = try Berthd(options: ["--postgres", "off", "--user-disk", "8"])
            do {
                try await berthd.start()
                let platform = try Platform(berthd: berthd, user: "admin", token: berthd.token())
                let large = try await Project("large", template: "static", on: platform)
                try large.write("index.html", "live")
                try large.write("large.bin", Self.random(mebibytes: 9))
                try await large.commit("one")
                try await large.deploy()
                let small = try await Project("small", template: "static", on: platform)
                try small.write("index.html", "live")
                try await eventually("what there is was counted") {
                    let push = try await small.pushAgain()
                    return push.status != 0 && push.errorText.contains("of 8 MiB that they may")
                }
                #expect(try await platform.call("DELETE", "/apps/\(large.app.id)").status == 204)
                try await eventually("what there is was counted again") { try await small.pushAgain().status == 0 }
            } catch {
                try? await berthd.tearDown()
                throw error
            }
            try await berthd.tearDown()
        }

        /// Bytes that nothing makes smaller.
        private static func random(mebibytes: Int) throws -> Data {
            let source = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/dev/urandom"))
            defer { try? source.close() }
            var data = Data()
            while data.count < mebibytes << 20 {
                data += try source.read(upToCount: (mebibytes << 20) - data.count) ?? Data()
            }
            return data
        }

        /// MiB by column, of each app.
        private static func rows(_ table: String) throws -> [String: [String: Double]] {
            let lines = table.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
            let columns = try #require(lines.first).dropFirst()
            var rows: [String: [String: Double]] = [:]
            for line in lines.dropFirst() {
                let figures = line.dropFirst().filter { $0 != "MiB" }.compactMap { Double($0) }
                guard let name = line.first, figures.count == columns.count else { continue }
                rows[name] = Dictionary(uniqueKeysWithValues: zip(columns, figures))
            }
            return rows
        }
    }
}
