import GRDB

/// The schema's steps, in order. A step that has been released is never changed: a change is a new step.
enum StoreMigrations {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("0001 initial") { try InitialSchema.create($0) }
        migrator.registerMigration("0002 held deploys") { try HeldDeploys.create($0) }
        migrator.registerMigration("0003 accounts and pages") { try AccountsAndPages.create($0) }
        migrator.registerMigration("0004 protected branches") { try ProtectedBranches.create($0) }
        migrator.registerMigration("0005 deploy reports") { try DeployReports.create($0) }
        migrator.registerMigration("0006 events") { try Events.create($0) }
        migrator.registerMigration("0007 instance states") { try InstanceStates.create($0) }
        migrator.registerMigration("0008 figure indexes") { try FigureIndexes.create($0) }
        migrator.registerMigration("0009 suspended instances") { try SuspendedInstances.create($0) }
        return migrator
    }
}
