import Core
import Git
import Testing

@testable import GitServer

/// The first look at a push's commands, without a repository.
@Suite struct PushChecksTests {
    private static let one = ObjectID(String(repeating: "1", count: 40)) ?? .zero
    private static let two = ObjectID(String(repeating: "2", count: 40)) ?? .zero
    private static let three = ObjectID(String(repeating: "3", count: 40)) ?? .zero

    private static func verdicts(
        _ commands: [(String, ObjectID, ObjectID)], capabilities: String = "", options: [String] = [],
        view: [String: CommitID?] = [:], policy: PushPolicy = PushPolicy()
    ) -> [PushChecks.Verdict] {
        var request = PushRequest()
        request.commands = commands.map { PushRequest.Command(rawName: Array($0.utf8), old: $1, new: $2) }
        request.capabilities = Capabilities(capabilities)
        request.options = options
        let snapshot = ReferenceSnapshot(
            head: "refs/heads/main",
            references: [
                Reference(name: "refs/heads/a", id: one, peeled: nil),
                Reference(name: "refs/heads/main", id: one, peeled: nil),
            ])
        return PushChecks(request, view: PusherView(view), policy: policy, snapshot: snapshot).verdicts
    }

    @Test(arguments: [
        ("refs/heads/new", ObjectID.zero, one, PushChecks.Verdict.move(real: .zero)),
        ("refs/heads/a", one, two, .move(real: one)), ("refs/heads/a", one, one, .unchanged),
        ("refs/heads/a", one, .zero, .move(real: one)), ("refs/heads/none", .zero, .zero, .unchanged),
        ("refs/heads/main", one, two, .move(real: one)),
        ("refs/berth/x", .zero, one, .refused("deny updating a hidden ref")),
        ("refs/berth/x", one, .zero, .refused("deny deleting a hidden ref")),
        ("refs/heads/../x", .zero, one, .refused("funny refname")), ("HEAD", .zero, one, .refused("funny refname")),
        ("refs/heads/e\u{301}", .zero, one, .refused("the ref's name is not in Unicode normal form C")),
        (
            "refs/heads/a", .zero, two,
            .refused("failed to update ref", note: "error: cannot lock ref 'refs/heads/a': reference already exists")
        ),
        (
            "refs/heads/a", two, three,
            .refused(
                "failed to update ref", note: "error: cannot lock ref 'refs/heads/a': is at \(one) but expected \(two)")
        ),
        (
            "refs/heads/gone", one, two,
            .refused(
                "failed to update ref",
                note: "error: cannot lock ref 'refs/heads/gone': unable to resolve reference 'refs/heads/gone'")
        ),
    ])
    func oneCommand(name: String, old: ObjectID, new: ObjectID, verdict: PushChecks.Verdict) {
        #expect(Self.verdicts([(name, old, new)]) == [verdict])
    }

    @Test func theCurrentBranchStays() {
        let verdict = Self.verdicts([("refs/heads/main", Self.one, .zero)]).first
        guard case .refused("deletion of the current branch prohibited", _) = verdict else {
            Issue.record("\(String(describing: verdict))")
            return
        }
    }

    @Test func anAtomicPushFailsAsAWhole() {
        let commands = [("refs/heads/a", Self.one, Self.two), ("refs/heads/..", .zero, Self.one)]
        #expect(Self.verdicts(commands) == [.move(real: Self.one), .refused("funny refname")])
        #expect(
            Self.verdicts(commands, capabilities: "atomic")
                == [.refused("atomic push failure"), .refused("funny refname")])
    }

    @Test func aRefIsNamedOnce() {
        let verdicts = Self.verdicts([("refs/heads/a", Self.one, Self.two), ("refs/heads/a", Self.one, Self.three)])
        #expect(verdicts == [.move(real: Self.one), .refused("multiple updates for one ref")])
    }

    @Test func aBranchThatIsShownElsewhereMayOnlyAdvanceUnlessForced() {
        let view = ["refs/heads/a": CommitID("\(Self.three)")]
        func verdict(_ old: ObjectID, _ new: ObjectID, options: [String] = []) -> PushChecks.Verdict? {
            Self.verdicts([("refs/heads/a", old, new)], options: options, view: view).first
        }
        guard case .advance(Self.one, let reason) = verdict(Self.three, Self.two) else {
            Issue.record("not held to the real commit")
            return
        }
        #expect(reason.contains("branch holds 1111111, whose deploy failed; fetch first"))
        #expect(verdict(Self.three, Self.two, options: ["force"]) == .move(real: Self.one))
        // The client knows the real value.
        #expect(verdict(Self.one, Self.two) == .move(real: Self.one))
        #expect(verdict(Self.three, Self.one) == .again(real: Self.one))
        #expect(verdict(Self.three, .zero) == .move(real: Self.one))
    }

    @Test func aProtectedBranchIsOnlyAdvanced() {
        let policy = PushPolicy(protectedBranches: ["refs/heads/a"])
        let moved = Self.verdicts([("refs/heads/a", Self.one, Self.two)], options: ["force"], policy: policy)
        #expect(moved == [.advance(real: Self.one, otherwise: "the branch is protected: it can only be advanced")])
        #expect(
            Self.verdicts([("refs/heads/a", Self.one, .zero)], policy: policy) == [.refused("the branch is protected")])
    }
}
