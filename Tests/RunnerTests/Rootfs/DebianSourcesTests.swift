import Testing

@testable import Runner

struct DebianSourcesTests {
    @Test func `lines of the suite are taken, of either form, and nothing else`() {
        var sources = DebianSources(suite: "bookworm")
        sources.addList(
            """
            # deb http://packages.example bookworm main
            deb http://packages.example bookworm main contrib # the usual
            deb-src http://packages.example bookworm main
            deb [signed-by=/k arch=amd64] http://packages.example bookworm-security main
            deb http://packages.example bookworm/updates main
            deb http://packages.example trixie main
            deb [trusted=yes] http://tools.example tools-bookworm main
            deb http://tools.example nodistro main
            """)
        #expect(
            sources.list == """
                deb http://packages.example bookworm main contrib\u{20}
                deb [signed-by=/k arch=amd64] http://packages.example bookworm-security main
                deb http://packages.example bookworm/updates main

                """)
        #expect(sources.sources == nil)
    }

    @Test func `stanzas of the suite are taken, and neither switched off ones nor others`() {
        var sources = DebianSources(suite: "bookworm")
        sources.addStanzas(
            """
            # Debian
            Types: deb deb-src
            URIs: http://packages.example
            Suites: bookworm bookworm-updates
            Components: main
            Signed-By: /k

            Types: deb
            URIs: http://packages.example
            Suites: bookworm-backports
            Components: main
            Enabled: no

            Types: deb
            URIs: http://tools.example
            Suites: nodistro
            Components: main

            Types: deb-src
            URIs: http://packages.example
            Suites: bookworm
            Components: main
            """)
        #expect(
            sources.sources == """
                Types: deb deb-src
                URIs: http://packages.example
                Suites: bookworm bookworm-updates
                Components: main
                Signed-By: /k

                """)
        #expect(sources.list == nil)
    }
}
