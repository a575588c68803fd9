-- The taxonomies whose answers the store holds, since form 1.

CREATE TABLE taxonomies (
    fingerprint TEXT PRIMARY KEY,
    content TEXT NOT NULL,
    added_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
);
