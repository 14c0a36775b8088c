"""Here so that ``tests`` is a package to import from, however pytest is started."""
