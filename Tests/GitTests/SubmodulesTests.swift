import Core
import Foundation
import TestSupport
import Testing

@testable import Git

@Suite struct SubmodulesTests {
    @Test func theSubmodulesOfACommitAreThoseThatHaveAnAddressAndAPlace() async throws {
        let fixture = try await Fixture()
        let inner = try await fixture.push(["a": "a"])
        for path in ["lib", "vendor/deep", "unnamed"] {
            try await fixture.git("update-index", "--add", "--cacheinfo", "160000,\(inner),\(path)")
        }
        fixture.writeModules(
            """
            [submodule "lib"]
            \tpath = lib
            \turl = ../old.git
            \turl = "../lib.git" ; a comment
            [submodule "deep"]
            \tURL = https://example.com/deep
            \tpath = vendor/deep
            [submodule "twice"]
            \tpath = lib
            \turl = ../twice.git
            [submodule "file"]
            \tpath = a
            \turl = ../a.git
            [submodule "missing"]
            \tpath = no/where
            \turl = ../b.git
            [submodule "no-address"]
            \tpath = unnamed
            [core]
            \tpath = unnamed
            \turl = ../c.git
            """)
        try await fixture.git("add", ".gitmodules")
        try await fixture.git("commit", "-q", "-m", "modules")
        let commit = try await fixture.pushHead()
        #expect(
            try await fixture.store.submodules(of: commit, app: fixture.app) == [
                Submodule(path: "lib", commit: inner, url: "../lib.git"),
                Submodule(path: "vendor/deep", commit: inner, url: "https://example.com/deep"),
            ])
        #expect(try await fixture.store.submodules(of: inner, app: fixture.app) == [])
    }
}

extension Fixture {
    fileprivate func writeModules(_ text: String) {
        #expect(throws: Never.self) { try write(".gitmodules", Data(text.utf8)) }
    }
}
