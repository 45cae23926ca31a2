enum PlaceholderControl {}
