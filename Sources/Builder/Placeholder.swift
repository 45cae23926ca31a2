enum PlaceholderBuilder {}
