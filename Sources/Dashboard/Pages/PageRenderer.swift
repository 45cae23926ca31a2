import HTTPTypes
import Hummingbird
import Mustache

/// Renders pages: a body in the common frame. Mustache escapes everything that it inserts.
struct PageRenderer: Sendable {
    enum Page: String, CaseIterable {
        case signIn, invite, welcome, apps, app, deploy, message
    }

    private let library: MustacheLibrary

    init() throws {
        var library = MustacheLibrary()
        try library.register(PageTemplates.frameHead, named: "head")
        for page in Page.allCases { try library.register(PageTemplates.text(of: page), named: page.rawValue) }
        self.library = library
    }

    func render(_ page: Page, _ content: any Sendable, status: HTTPResponse.Status = .ok) -> Response {
        let text = library.render(content, withTemplate: page.rawValue) ?? ""
        return Response(
            status: status, headers: [.contentType: "text/html; charset=utf-8"],
            body: ResponseBody(byteBuffer: .init(string: text)))
    }
}
