enum PlaceholderRouter {}
