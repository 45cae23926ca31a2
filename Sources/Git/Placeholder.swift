enum PlaceholderGit {}
