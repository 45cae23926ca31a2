import Foundation
import Core
import Testing
@testable import Builder
struct TmpBench { @Test func bench() async throws {
 let c = ContinuousClock()
 var r: [String: SiteManifest.Record] = [:]
 for n in 0..<10_000 { r["some/folder/page-\(n).html"] = .init(path: "some/folder/page-\(n).html", tag: "2cf24dba5fb0a30e26e83b2ac5b9e29e", size: n, modifiedSeconds: 1_700_000_000, modifiedNanoseconds: 999_999, inode: UInt64(n)) }
 let m = SiteManifest(output: ".", records: r)
 for _ in 0..<3 {
 var e: [UInt8] = []; var d: SiteManifest?; var s: StaticSite?
 print("encode", c.measure { e = m.encoded }, "decode", c.measure { d = SiteManifest(encoded: e) }, "site", c.measure { s = d?.site(files: "/x") }, e.count, s!.files.count) }
 for count in [200, 10_000] {
 let f = try BuildFixture()
 var t: [String: String] = ["index.html": "0"]
 for n in 1..<count { t["d\(n % 20)/f\(n).html"] = String(repeating: "x\(n)", count: 500) }
 var prev = try await f.build(texts: t).release
 for i in 0..<6 { t["index.html"] = "\(i)"
  let rq = try f.request(f.repository.commit(texts: t), previous: prev)
  let x = c.now
  // checkout alone
  let dir = f.directory.path("co\(i)")
  let y = c.now
  _ = try await f.repository.checkOut(.init(app: rq.app.id, commit: rq.commit, directory: dir, previous: .init(commit: prev.commit, directory: f.builder.filesDirectory(of: prev.id)), account: nil))
  let z = c.now
  let (rel, _) = try await f.build(texts: t, previous: prev)
  print(count, "checkout", z - y, "build", c.now - z); _ = x
  prev = rel }
 let l = c.measure { _ = try? FolderRemoval.remove(f.releases + "/\(prev.id)") }
 print("remove", l)
 }
}}
