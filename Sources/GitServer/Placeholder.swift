enum PlaceholderGitServer {}
