import Testing

@testable import Runner

@Suite struct MountTableTests {
    private static let table = """
        24 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
        90 24 0:4 net:[4026532] /run/berth/main/netns/n1 rw shared:52 - nsfs nsfs rw
        91 24 0:4 net:[4026533] /run/berth/main/netns/n\\0402 rw shared:53 - nsfs nsfs rw
        92 24 0:4 net:[4026534] /run/berth/mainly/netns/n1 rw shared:54 - nsfs nsfs rw
        """

    @Test func `mount points below a folder come last first, unescaped, and no others`() {
        #expect(
            MountTable.points(below: "/run/berth/main", in: Self.table)
                == ["/run/berth/main/netns/n 2", "/run/berth/main/netns/n1"])
    }

    @Test func `the type is that of the topmost mount`() {
        let table = Self.table + "\n99 24 0:9 / / rw - overlay overlay rw"
        #expect(MountTable.type(at: "/", in: table) == "overlay")
        #expect(MountTable.type(at: "/run/berth/main/netns/n1", in: table) == "nsfs")
        #expect(MountTable.type(at: "/run", in: table) == nil)
    }
}
