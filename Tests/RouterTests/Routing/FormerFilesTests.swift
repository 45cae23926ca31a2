import Core
import Foundation
import TestSupport
import Testing

@testable import Router

/// Hashed files of replaced releases.
@Suite struct FormerFilesTests {
    private static func site(_ number: Int) -> (ID<Release>, StaticSite) {
        func file(_ name: String) -> StaticSite.File {
            .init(
                path: name, mediaType: "text/javascript", etag: "\"\(name)\"", size: 1, modified: 0, isImmutable: true)
        }
        let names = ["app.\(number).js", "same.js"]
        let files = Dictionary(uniqueKeysWithValues: names.map { (StaticSite.Name($0), file($0)) })
        return (ID(), StaticSite(root: "/\(number)", files: files))
    }

    /// The release's root that answers a path, `nil` when none does.
    private static func root(_ path: String, _ box: RouteTableBox) -> String? {
        guard case .site(let site)? = box.claim("app.localhost") else { return nil }
        let answer = Array(path.utf8).withUnsafeBytes { SiteResolver.resolve($0, in: site, now: .now) }
        if case .file(let found) = answer { return found.site.site.root }
        return nil
    }

    @Test func theyOutliveManySwitches() {
        let box = RouteTableBox()
        for number in 0..<20 {
            let (release, site) = Self.site(number)
            box.publish(.site(release: release, site), at: "app.localhost")
        }
        for number in 0..<20 { #expect(Self.root("/app.\(number).js", box) == "/\(number)") }
        #expect(Self.root("/same.js", box) == "/19")
    }

    @Test func theyOutliveARestart() throws {
        let folder = try TemporaryDirectory("router-former")
        let path = folder.path("former.json")
        let (old, new) = (Self.site(1), Self.site(2))
        let before = RouteTableBox(formerFilesPath: path)
        before.publish(.site(release: old.0, old.1), at: "app.localhost")
        before.publish(.site(release: new.0, new.1), at: "app.localhost")
        before.formerStore?.finish()
        let after = RouteTableBox(formerFilesPath: path)
        after.publish(["app.localhost": .site(release: new.0, new.1)])
        #expect(Self.root("/app.1.js", after) == "/1")
        #expect(Self.root("/app.2.js", after) == "/2")
        // A damaged file is none.
        try Data("{".utf8).write(to: URL(fileURLWithPath: path))
        let damaged = RouteTableBox(formerFilesPath: path)
        damaged.publish(.site(release: new.0, new.1), at: "app.localhost")
        #expect(Self.root("/app.1.js", damaged) == nil)
    }

    @Test func whatIsOverIsNotRestored() throws {
        let folder = try TemporaryDirectory("router-former")
        let path = folder.path("former.json")
        let (old, new) = (Self.site(1), Self.site(2))
        let before = RouteTableBox(formerFiles: .zero, formerFilesPath: path)
        before.publish(.site(release: old.0, old.1), at: "app.localhost")
        before.publish(.site(release: new.0, new.1), at: "app.localhost")
        before.formerStore?.finish()
        let after = RouteTableBox(formerFilesPath: path)
        after.publish(.site(release: new.0, new.1), at: "app.localhost")
        #expect(Self.root("/app.1.js", after) == nil)
    }
}
