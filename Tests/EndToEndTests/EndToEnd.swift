import ServerTestSupport
import Testing

/// The stories that a user lives through, with a real git, a real Postgres and real containers, against one berthd.
/// One after the other: they load the machine, and some look at how it answers meanwhile.
@Suite("End to end", .serialized, .berthd)
struct EndToEnd {}
