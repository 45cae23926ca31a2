/// The pages' Mustache texts.
enum PageTemplates {
    static func text(of page: PageRenderer.Page) -> String {
        switch page {
        case .signIn: signIn
        case .invite: invite
        case .welcome: welcome
        case .apps: apps
        case .app: app
        case .deploy: deploy
        case .message: message
        }
    }

    static let frameHead = """
        <!doctype html>
        <html lang="en">
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>{{title}} · Berth</title>
        <link rel="stylesheet" href="/berth.css">
        <header>
          <a class="brand" href="/">Berth</a>
          {{#user}}<form method="post" action="/sign-out"><span>{{.}}</span> <button>Sign out</button></form>{{/user}}
        </header>

        """

    static let signIn = """
        {{>head}}
        <main class="narrow">
          <h1>Push a commit, and it is live</h1>
          <p>Sign in with an API token. The server printed one when it was first started;
             <code>berthd token add USER</code> makes another.</p>
          {{#error}}<p class="error" role="alert">{{.}}</p>{{/error}}
          <form method="post" action="/sign-in" class="stack">
            <label for="token">Token</label>
            <input id="token" name="token" type="password" autocomplete="current-password" required autofocus
                   placeholder="xh_live_…">
            <button class="primary">Sign in</button>
          </form>
          <p class="quiet">You have an invite? <a href="/invite">Use its code</a>.
             The API is at <code>{{api}}</code>.</p>
        </main>
        """

    static let invite = """
        {{>head}}
        <main class="narrow">
          <h1>Use an invite</h1>
          <p>The code is good for one person. Your name becomes part of your sites' addresses: lowercase letters, digits
             and hyphens.</p>
          {{#error}}<p class="error" role="alert">{{.}}</p>{{/error}}
          <form method="post" action="/invite" class="stack">
            <label for="code">Code</label>
            <input id="code" name="code" value="{{code}}" autocomplete="off" required placeholder="xh_invite_…">
            <label for="name">Name</label>
            <input id="name" name="name" value="{{name}}" autocomplete="username" maxlength="40" required>
            <button class="primary">Join</button>
          </form>
        </main>
        """

    static let welcome = """
        {{>head}}
        <main class="narrow">
          <h1>Welcome, {{name}}</h1>
          <p>This is your token. It is shown once: keep it, then <a href="/">sign in</a> with it.</p>
          <pre id="token">{{token}}</pre>
          <p class="quiet">The API is at <code>{{api}}</code>; git takes the token as the password of {{name}}.</p>
        </main>
        """

    static let apps = """
        {{>head}}
        <main>
          <h1>Apps</h1>
          {{#isEmpty}}
          <p>No apps yet. Make one, then push to it:</p>
          <pre>curl -sX POST {{api}}/apps -H "Authorization: Bearer $T" \\
            -H 'Content-Type: application/json' -d '{"name":"my-site","template":"static"}'</pre>
          {{/isEmpty}}
          <ul class="cards">
          {{#apps}}
            <li>
              <a class="name" href="/apps/{{id}}">{{name}}</a>
              <span class="badge {{status}}">{{status}}</span>
              <a class="url" href="{{url}}">{{url}}</a>
              <span class="quiet">{{template}} · <code>{{commit}}</code></span>
            </li>
          {{/apps}}
          </ul>
        </main>
        """

    static let app = """
        {{>head}}
        <main>
          <p class="crumbs"><a href="/">Apps</a> / {{app.name}}</p>
          <h1>{{app.name}}</h1>
          <pre>git push {{app.repository}} HEAD:master</pre>
          {{#channels}}
          <section>
            <h2>{{name}} <span class="badge {{status}}">{{status}}</span></h2>
            <p><a href="{{url}}">{{url}}</a> · <code>{{binding}}</code> · <code>{{commit}}</code></p>
            {{#hasDeploys}}
            <table>
              <thead><tr><th>Deploy</th><th>Commit</th><th>Started</th><th>Why it failed</th></tr></thead>
              <tbody>
            {{/hasDeploys}}
            {{#deploys}}
              <tr>
                <td><a href="/apps/{{app}}/channels/{{channel}}/deploys/{{id}}">
                  <span class="badge {{status}}">{{status}}</span></a></td>
                <td><code>{{commit}}</code></td><td>{{created}}</td><td>{{failure}}</td>
              </tr>
            {{/deploys}}
            {{#hasDeploys}}
              </tbody>
            </table>
            {{/hasDeploys}}
          </section>
          {{/channels}}
        </main>
        """

    static let deploy = """
        {{>head}}
        <main>
          <p class="crumbs"><a href="/">Apps</a> / <a href="/apps/{{app.id}}">{{app.name}}</a> / deploy</p>
          <h1>Deploy log</h1>
          <pre class="log">{{log}}</pre>
        </main>
        """

    static let message = """
        {{>head}}
        <main class="narrow">
          <h1>{{title}}</h1>
          <p>{{text}}</p>
          <p><a href="/">Back to the apps</a></p>
        </main>
        """
}
