import ControlTestSupport
import Core
import Foundation
import HTTPTypes
import TestSupport
import Testing

@testable import API

@Suite("What the server did for no app")
struct MachineEventsTests {
    private let api = TestAPI()

    @Test("is shown to an administrator, newest first, and no app's is among it")
    func list() async throws {
        let root = try await api.token("root", isAdmin: true)
        let app = try await api.app(token: root)
        let events = api.platform.stores.events
        for event in [
            Event(.strayRemoved, text: "a stray one", date: StoreSet.date),
            Event(.routeRestored, app: ID(app.id), text: "an app's", date: StoreSet.date),
            Event(.networkRestored, text: "the bridge", date: StoreSet.date),
        ] { try await events.append(event) }
        let shown = try await api.call(.get, "/admin/events", token: root)
        #expect(shown.status == 200)
        let list = try #require(shown.object["events"] as? [[String: Any]])
        #expect(list.map { $0["kind"] as? String } == ["network_restored", "stray_removed"])
        #expect(list.map { $0["text"] as? String } == ["the bridge", "a stray one"])
        #expect(list.allSatisfy { $0["channel_id"] is NSNull && $0["created_at"] is String })
        let newest = try await api.call(.get, "/admin/events?limit=1", token: root).object["events"] as? [Any]
        #expect(newest?.count == 1)
        for limit in ["0", "1001", "x", ""] {
            #expect(try await api.call(.get, "/admin/events?limit=\(limit)", token: root).code == "bad_request")
        }
        // Nor does the app's list show it.
        let ofApp = try await api.call(.get, "/apps/\(app.id)/events", token: root)
        #expect(ofApp.text.contains("an app's") && !ofApp.text.contains("the bridge"), "\(ofApp.text)")
    }

    @Test("is nobody else's business")
    func access() async throws {
        _ = try await api.token("root", isAdmin: true)
        let alice = try await api.token("alice")
        try await api.platform.stores.events.append(Event(.strayRemoved, text: "a stray one", date: StoreSet.date))
        let refused = try await api.call(.get, "/admin/events", token: alice)
        #expect(refused.status == 403 && refused.code == "permission_denied")
        #expect(!refused.text.contains("stray"))
        #expect(try await api.call(.get, "/admin/events").status == 401)
    }
}
