"""Models that ship with the package, each a folder with its card; `rnnaudio.load` finds them by name."""
