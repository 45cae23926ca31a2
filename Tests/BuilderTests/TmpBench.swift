import Foundation
import Core
import TestSupport
import Testing
@testable import Builder
struct TmpBench { @Test func bench() async throws {
 let c = ContinuousClock()
 for count in [200] {
 let f = try BuildFixture()
 var t: [String: String] = ["index.html": "0"]
 for n in 1..<count { t["d\(n % 20)/f\(n).html"] = String(repeating: "x\(n)", count: 500) }
 var prev = try await f.build(texts: t).release
 for i in 0..<8 { t["index.html"] = "\(i)"
  let rq = try f.request(f.repository.commit(texts: t), previous: prev)
  let y = c.now
  _ = try await f.repository.checkOut(.init(app: rq.app.id, commit: rq.commit, directory: f.directory.path("co\(i)"), previous: .init(commit: prev.commit, directory: f.builder.filesDirectory(of: prev.id)), account: nil))
  let z = c.now
  let (rel, _) = try await f.build(texts: t, previous: prev)
  print(count, "checkout", z - y, "build", c.now - z)
  prev = rel }
 }
}}
