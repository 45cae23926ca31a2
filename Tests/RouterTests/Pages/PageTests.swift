import Core
import Foundation
import Testing

@testable import Router

@Suite struct PageTests {
    @Test(arguments: [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", PageFormat.html), ("*/*", .text),
        ("", .text),
        ("application/json", .json), ("application/json, text/html", .json), ("text/plain", .text),
        ("text/html;q=0, application/json", .json), ("TEXT/HTML", .html), ("image/png", .text),
        // RFC 9110 section 12.5.1: the weight counts, and the more precise range before the wider one.
        ("text/html;q=0.2, application/json;q=0.9", .json), ("application/json;q=0.5, */*", .text),
        ("application/json;q=0.5, */*;q=0.1", .json), ("text/*;q=0.5, application/json;q=0.4", .text),
        ("text/*, text/plain;q=0.1", .html), ("text/html;level=1;q=0.3, text/plain;q=0.4", .text),
        ("*/*;q=0.1, text/html ; q=0.2", .html), ("application/*", .json), ("text/html;q=x", .text),
    ])
    func picksTheFormat(_ accept: String, _ format: PageFormat) {
        #expect(Array(accept.utf8).withUnsafeBytes { PageFormat(accept: $0) } == format)
    }

    @Test func showsThePushCommands() throws {
        let address = "http://git.localhost:8080/admin/a.git"
        let page = Page(RouteTarget.Placeholder.awaitingFirstDeploy(repositoryURL: address))
        #expect(page.status == 404)
        for format in [PageFormat.html, .json, .text] {
            #expect(page.body(format).contains("git remote add berth \(address)"))
            #expect(page.body(format).contains("git push berth HEAD:master"))
        }
    }

    @Test func escapesWhatItShows() throws {
        let page = Page(RouteTarget.Placeholder.awaitingFirstDeploy(repositoryURL: "\"<script>&\n"))
        #expect(!page.body(.html).contains("<script>"))
        let json = try JSONSerialization.jsonObject(with: Data(page.body(.json).utf8)) as? [String: Any]
        #expect(json?["status"] as? Int == 404)
        #expect((json?["commands"] as? [String])?.first == "git remote add berth \"<script>&\n")
    }

    @Test func everyFaultHasAPage() {
        for fault in HeadFault.allCases {
            let page = Page.refused(fault)
            #expect((400...599).contains(page.status))
            #expect(page.message.hasSuffix("."))
        }
    }
}
