import TestSupport
import Testing

/// Every promise of the store ports, held by the SQLite stores and by the fakes alike.
struct StoreContractTests {
    @Test(arguments: StoreKind.allCases, AccessStoreContract.cases)
    func access(_ kind: StoreKind, _ promise: ContractCase) async throws { try await kind.withStores(promise.body) }

    @Test(arguments: StoreKind.allCases, AppStoreContract.cases)
    func apps(_ kind: StoreKind, _ promise: ContractCase) async throws { try await kind.withStores(promise.body) }

    @Test(arguments: StoreKind.allCases, ChannelStoreContract.cases)
    func channels(_ kind: StoreKind, _ promise: ContractCase) async throws { try await kind.withStores(promise.body) }

    @Test(arguments: StoreKind.allCases, DeployStoreContract.cases)
    func deploys(_ kind: StoreKind, _ promise: ContractCase) async throws { try await kind.withStores(promise.body) }

    @Test(arguments: StoreKind.allCases, DeployReportContract.cases)
    func reports(_ kind: StoreKind, _ promise: ContractCase) async throws { try await kind.withStores(promise.body) }

    @Test(arguments: StoreKind.allCases, BranchTipContract.cases)
    func branchTips(_ kind: StoreKind, _ promise: ContractCase) async throws { try await kind.withStores(promise.body) }

    @Test(arguments: StoreKind.allCases, ReleaseStoreContract.cases)
    func releases(_ kind: StoreKind, _ promise: ContractCase) async throws { try await kind.withStores(promise.body) }

    @Test(arguments: StoreKind.allCases, EventStoreContract.cases)
    func events(_ kind: StoreKind, _ promise: ContractCase) async throws { try await kind.withStores(promise.body) }

    @Test(arguments: StoreKind.allCases, StatisticsStoreContract.cases)
    func statistics(_ kind: StoreKind, _ promise: ContractCase) async throws { try await kind.withStores(promise.body) }
}
