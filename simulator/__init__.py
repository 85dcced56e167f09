"""AWS on a laptop: deploys the real template, runs the real state machines and handlers. Never ships."""
