"""OAuth: how users lend an app their access (OAuth 2.0 with PKCE), and signed requests (OAuth 1.0a)."""
