import Core
import Foundation
import Testing

/// What `EventStore` promises.
public enum EventStoreContract {
    public static let cases = [
        ContractCase("events of an app come back newest first, and no other app's") { stores in
            let owner = try await stores.makeUser()
            let (app, prod) = try await stores.makeApp(owner: owner)
            let (other, _) = try await stores.makeApp("other", owner: owner)
            let first = Event(.routeRestored, app: app.id, channel: prod.id, text: "one", date: StoreSet.date)
            let second = Event(.deployReaped, app: app.id, text: "two", date: StoreSet.date)
            for event in [
                first, second, Event(.strayRemoved, app: other.id, text: "no", date: StoreSet.date),
                Event(.strayRemoved, text: "of nobody", date: StoreSet.date),
            ] { try await stores.events.append(event) }
            #expect(try await stores.events.events(app: app.id, limit: 9) == [second, first])
            #expect(try await stores.events.events(app: app.id, limit: 1) == [second])
            #expect(try await stores.events.events(app: ID(), limit: 9).isEmpty)
        },
        ContractCase("events about no app come back newest first, and no app's") { stores in
            let (app, _) = try await stores.makeApp(owner: stores.makeUser())
            let first = Event(.strayRemoved, text: "one", date: StoreSet.date)
            let second = Event(.networkRestored, text: "two", date: StoreSet.date)
            for event in [first, Event(.routeRestored, app: app.id, text: "no", date: StoreSet.date), second] {
                try await stores.events.append(event)
            }
            #expect(try await stores.events.machineEvents(limit: 9) == [second, first])
            #expect(try await stores.events.machineEvents(limit: 1) == [second])
            #expect(try await stores.events.machineEvents(limit: 0).isEmpty)
        },
        ContractCase("the newest events are kept") { stores in
            let (app, _) = try await stores.makeApp(owner: stores.makeUser())
            for number in 0...EventRetention.count {
                try await stores.events.append(
                    Event(.strayRemoved, app: app.id, text: "\(number)", date: StoreSet.date))
            }
            let kept = try await stores.events.events(app: app.id, limit: .max)
            #expect(kept.count == EventRetention.count)
            #expect(kept.first?.text == "\(EventRetention.count)" && kept.last?.text == "1")
        },
    ]
}
